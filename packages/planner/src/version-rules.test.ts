import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import {
  assignment,
  deployment,
  deploymentId,
  device,
  facts,
  openAssignment,
  reachedBy,
  version,
} from "./facts.fixture.ts";
import type { DeploymentFacts, VersionRules } from "./facts.ts";
import { brokenRule, NO_RULES, versionOrder } from "./version-rules.ts";

const rules = (changes: Partial<VersionRules>): VersionRules => ({ ...NO_RULES, ...changes });
const running = (artifactName: string | null) =>
  device({ running: artifactName === null ? null : { artifactName, provides: {} } });
const broken = (of: VersionRules, runs: string | null, target = "3.0") =>
  brokenRule(deploymentId(1), version(target), of, runs);

test("versions stand in their own order, and other names in the order of their releases", () => {
  const known = [
    { version: "aurora", createdAt: 1 },
    { version: "1.0", createdAt: 2 },
    { version: "borealis", createdAt: 3 },
    { version: "0.9", createdAt: 4 },
  ];
  expect(versionOrder("0.9", "1.0", known)).toBeLessThan(0);
  expect(versionOrder("aurora", "1.0", known)).toBeLessThan(0);
  expect(versionOrder("borealis", "aurora", known)).toBeGreaterThan(0);
  expect(versionOrder("unheard-of", "1.0", known)).toBeUndefined();
  expect(versionOrder("unheard-of", "unheard-of", [])).toBe(0);
});

test.each([
  ["runs less than the minimum", "1.4.9", "minimum-version"],
  ["runs the minimum", "1.5", undefined],
  ["runs more than the minimum", "2.0.0", undefined],
  ["runs what nobody can compare", "factory", "minimum-version"],
  ["has not said what it runs", null, "minimum-version"],
] as const)("a release with a minimum and a device that %s", (_case, runs, kind) => {
  expect(broken(rules({ minimumFrom: version("1.5.0") }), runs)?.kind).toBe(kind);
});

test("what runs has a place by its release, where it is no version", () => {
  const known = [
    { version: "aurora", createdAt: 1 },
    { version: "borealis", createdAt: 2 },
  ];
  const of = rules({ minimumFrom: version("borealis"), known });
  expect(broken(of, "aurora")).toMatchObject({ minimumFrom: "borealis", runs: "aurora" });
  expect(broken(of, "borealis")).toBeUndefined();
});

test.each([
  ["before it must run it first", "1.0", "2.0"],
  ["that runs it goes on", "2.0", undefined],
  ["beyond it goes on", "2.5", undefined],
  ["that runs what nobody can compare must run it first", "factory", "2.0"],
  ["that has not said what it runs must run it first", null, "2.0"],
] as const)("a release must be passed through: a device %s", (_case, runs, next) => {
  const of = rules({ mustPassThrough: [version("2.0"), version("4.0")] });
  const reason = broken(of, runs);
  expect(reason?.kind === "must-pass-through" ? reason.version : undefined).toBe(next);
});

test("of several releases on the way the lowest is next, whichever stands first", () => {
  const of = rules({ mustPassThrough: [version("2.10"), version("2.9"), version("2.2")] });
  expect(broken(of, "2.3")).toMatchObject({ version: "2.9" });
  expect(broken(of, "2.9.1")).toMatchObject({ version: "2.10" });
  expect(broken(of, "2.11")).toBeUndefined();
});

test("a way back passes through nothing", () => {
  expect(broken(rules({ mustPassThrough: [version("2.0")] }), "3.0", "1.0")).toBeUndefined();
  expect(broken(rules({ mustPassThrough: [version("2.0")] }), "3.0", "2.0")).toBeUndefined();
});

test("an older deployment of the release that must be run first decides meanwhile", () => {
  const of = rules({ mustPassThrough: [version("2.0")] });
  const newest = deployment({ number: 2, version: version("3.0"), rules: of });
  const first = deployment({ number: 1, version: version("2.0"), rules: of });
  expect(decide(facts({ candidates: [newest, first] }))).toMatchObject({
    kind: "offer",
    deployment: { id: first.id },
  });
  expect(decide(facts({ candidates: [newest] }))).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "must-pass-through", version: "2.0", runs: "1.0" }],
    until: null,
  });
});

test("a deployment of the step that comes later does not take the device from the one that waits for it", () => {
  const of = rules({ mustPassThrough: [version("2.0")] });
  const last = deployment({ number: 1, version: version("3.0"), rules: of });
  const step = deployment({ number: 2, version: version("2.0"), rules: of });
  const done = { ...step, assignment: assignment({ state: "closed", outcome: "succeeded" }) };
  const reached = [reachedBy(step)];
  expect(decide(facts({ candidates: [step, last] }))).toMatchObject({
    deployment: { id: step.id },
  });
  expect(
    decide(facts({ candidates: [done, last], reached, device: running("2.0") })),
  ).toMatchObject({ kind: "offer", deployment: { id: last.id } });
  // Neither goes round: what is past the step is not brought back to it.
  expect(decide(facts({ candidates: [done], reached, device: running("3.0") }))).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "attempts-used" }],
  });
  // Without the rule the newer one stands.
  const free = { ...last, rules: NO_RULES };
  expect(
    decide(facts({ candidates: [done, free], reached, device: running("2.0") })),
  ).toMatchObject({ kind: "wait", reasons: [{ kind: "already-running" }, { kind: "superseded" }] });
});

test("a device that a person sent ahead keeps the rules of the release", () => {
  const of = rules({ minimumFrom: version("1.5") });
  const ahead = deployment({ isForced: true, rules: of });
  expect(decide(facts({ candidates: [ahead] }))).toMatchObject({
    reasons: [{ kind: "minimum-version" }],
  });
  expect(decide(facts({ candidates: [ahead], device: running("1.5") }))).toMatchObject({
    kind: "offer",
  });
});

test("an offer is taken back when the rules change before the device installs, and not after", () => {
  const of = rules({ minimumFrom: version("1.5") });
  const taken = (state: "offered" | "downloading" | "installing") =>
    decide(
      facts({
        openAssignment: openAssignment({ state, rules: state === "installing" ? null : of }),
      }),
    );
  for (const state of ["offered", "downloading"] as const)
    expect(taken(state)).toMatchObject({
      kind: "withdraw",
      cause: "rules-changed",
      into: "retry-pending",
    });
  expect(taken("installing")).toMatchObject({ kind: "keep" });
});

test("a device that runs the release already is told nothing of its rules", () => {
  const of = rules({ minimumFrom: version("1.5"), mustPassThrough: [version("1.9")] });
  expect(
    decide(facts({ candidates: [deployment({ rules: of })], device: running("2.0") })),
  ).toMatchObject({ kind: "close-as-already-running" });
});

test("however deployments follow each other, a device runs each release that it must pass through, and no minimum is broken", () => {
  const release = fc.record({ isStone: fc.boolean(), minimum: fc.option(fc.nat({ max: 5 })) });
  const scene = fc.record({
    releases: fc.array(release, { minLength: 2, maxLength: 6 }),
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
    start: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(scene, ({ releases, order, start }) => {
      const nameOf = (index: number) => version(`1.${index}`);
      const stones = releases.flatMap(({ isStone }, index) => (isStone ? [index] : []));
      const candidates = order
        .filter((index) => index < releases.length)
        .map((index, at): DeploymentFacts & { readonly index: number } => ({
          ...deployment({
            number: order.length - at,
            version: nameOf(index),
            rules: rules({
              minimumFrom:
                releases[index]?.minimum == null ? null : nameOf(releases[index].minimum),
              mustPassThrough: stones.map(nameOf),
            }),
          }),
          index,
        }));
      let runs = start;
      const done = new Map<number, DeploymentFacts>();
      for (let offers = 0; ; offers += 1) {
        expect(offers).toBeLessThanOrEqual(candidates.length);
        const reached = [...done.values()]
          .toSorted((left, right) => right.number - left.number)
          .map((one) => reachedBy(one));
        const answer = decide(
          facts({
            device: running(nameOf(runs)),
            candidates: candidates.map((one) =>
              done.has(one.index)
                ? { ...one, assignment: assignment({ state: "closed", outcome: "succeeded" }) }
                : one,
            ),
            reached,
          }),
        );
        if (answer.kind !== "offer" && answer.kind !== "close-as-already-running") break;
        const index = candidates.findIndex(({ id }) => id === answer.deployment.id);
        const chosen = candidates[index]!;
        if (answer.kind === "offer") {
          expect(stones.filter((stone) => runs < stone && stone < chosen.index)).toEqual([]);
          expect(runs).toBeGreaterThanOrEqual(releases[chosen.index]?.minimum ?? 0);
        }
        done.set(chosen.index, chosen);
        runs = chosen.index;
      }
    }),
  );
});
