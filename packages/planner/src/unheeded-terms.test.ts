import { Plan, UnheededTerm, type AssignmentState, type ClientTraits } from "@moult/model";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { artifact, deployment, device, facts, openAssignment } from "./facts.fixture.ts";
import { unheededSentence } from "./unheeded-terms.ts";

const plan = (changes: object): Plan =>
  Plan.parse({ stages: [{ size: { remaining: true } }], ...changes });
const nightly = (steps: readonly string[]) => ({
  for: steps,
  at: "01:00",
  durationMinutes: 60,
  zone: "UTC",
});
const taker = (cannotKeep: ClientTraits["cannotKeep"]) => {
  const { traits, ...rest } = device();
  return { ...rest, traits: traits === null ? null : { ...traits, cannotKeep } };
};
const answer = (
  changes: object,
  cannotKeep: ClientTraits["cannotKeep"],
  opening: { readonly isInstallationOpen?: true } = {},
) =>
  decide(
    facts({
      device: taker(cannotKeep),
      candidates: [deployment({ plan: plan(changes), window: { kind: "always" }, ...opening })],
    }),
  );

test.each<[object, readonly UnheededTerm[]]>([
  [{ mode: "consent" }, ["consent"]],
  [{ mode: "download-only" }, ["download-only"]],
  [{ windows: [nightly(["install"])] }, ["step-windows"]],
  [{ mode: "consent", windows: [nightly(["download", "reboot"])] }, ["consent", "step-windows"]],
])("a client that cannot be told is offered nothing by a plan that says %j", (changes, terms) => {
  expect(answer(changes, UnheededTerm.options)).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "terms-unheeded", terms }],
  });
  expect(answer(changes, undefined).kind).toBe("offer");
});

test.each([{}, { mode: "force" }, { windows: [nightly(["download"])] }])(
  "a plan that says %j says nothing that a client has to be told",
  (changes) => {
    expect(answer(changes, UnheededTerm.options).kind).toBe("offer");
  },
);

test("a client that cannot keep a download is offered the release once a person has opened the installation", () => {
  const opened = { isInstallationOpen: true } as const;
  expect(answer({ mode: "download-only" }, ["download-only"], opened).kind).toBe("offer");
  expect(answer({ mode: "consent" }, ["consent"], opened).kind).toBe("wait");
  expect(unheededSentence(["download-only"])).toMatch(/once the installation is open/);
  expect(unheededSentence(["download-only", "step-windows"])).not.toMatch(/once/);
});

test("an update whose plan the device's client can no longer be told is taken back before the installation", () => {
  const answer = (state: AssignmentState, cannotKeep: ClientTraits["cannotKeep"]) =>
    decide(
      facts({
        device: taker(cannotKeep),
        openAssignment: openAssignment({ state, termsToHeed: ["download-only"] }),
      }),
    );
  for (const state of ["offered", "downloading"] as const) {
    expect(answer(state, ["download-only"])).toMatchObject({
      kind: "withdraw",
      cause: "client-changed",
      into: "retry-pending",
    });
    expect(answer(state, ["consent", "step-windows"])).toMatchObject({ kind: "keep" });
  }
  expect(answer("installing", ["download-only"])).toMatchObject({ kind: "keep" });
});

test("an update that another client of the device was offered is taken back from one that cannot take it", () => {
  const { traits, ...rest } = device();
  const answer = (change: Partial<ClientTraits>) =>
    decide(
      facts({
        device: { ...rest, traits: traits === null ? null : { ...traits, ...change } },
        openAssignment: openAssignment({
          artifact: artifact({ payloads: [{ type: "swu", files: [] }] }),
        }),
      }),
    );
  for (const change of [
    { payloadTypes: ["rauc"] },
    { payloadTypes: ["swu"], bareFiles: true },
    { payloadTypes: ["swu"], pathPrefix: "other/" },
  ])
    expect(answer(change)).toMatchObject({ kind: "withdraw", cause: "client-changed" });
  for (const payloadTypes of [["swu"], null])
    expect(answer({ payloadTypes })).toMatchObject({ kind: "keep" });
});
