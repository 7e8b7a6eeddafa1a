import { Plan, UnheededTerm, type ClientTraits } from "@moult/model";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { deployment, device, facts } from "./facts.fixture.ts";

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
const answer = (changes: object, cannotKeep: ClientTraits["cannotKeep"]) =>
  decide(
    facts({
      device: taker(cannotKeep),
      candidates: [deployment({ plan: plan(changes), window: { kind: "always" } })],
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
