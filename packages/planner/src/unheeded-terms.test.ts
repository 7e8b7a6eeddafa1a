import { Plan, UnheededTerm, type ClientTraits } from "@moult/model";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { deployment, device, facts } from "./facts.fixture.ts";
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
