import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { DeploymentFacts } from "./facts.ts";
import {
  artifact,
  assignment,
  deployment,
  deploymentId,
  device,
  facts,
  planOf,
  reachedBy,
  version,
} from "./facts.fixture.ts";
import { comparePrecedence, keepsFrom, precedenceOf } from "./precedence.ts";
import { sentenceOfMany } from "./reason-groups.ts";

const inLane = (number: number, priority: number, changes: Partial<DeploymentFacts> = {}) =>
  deployment({
    number,
    version: version(`${number}.9`),
    plan: planOf({ priority }),
    ...changes,
  });
const inOrder = (...all: readonly DeploymentFacts[]) =>
  all.toSorted((one, other) => comparePrecedence(precedenceOf(one), precedenceOf(other)));
const ended = assignment({ state: "closed", outcome: "succeeded" });

test("of two deployments the one of higher priority goes first, although the other is newer", () => {
  const candidates = inOrder(inLane(2, 5), inLane(1, 9));

  expect(decide(facts({ candidates }))).toMatchObject({
    kind: "offer",
    deployment: { id: deploymentId(1) },
  });
});

test("of two of the same priority the newer one goes first", () => {
  const candidates = inOrder(inLane(1, 3), inLane(2, 3));

  expect(decide(facts({ candidates }))).toMatchObject({ deployment: { id: deploymentId(2) } });
});

test("a device that waits for the higher one is told so of the lower one", () => {
  const full = { ...inLane(1, 9), tally: { ...deployment().tally, open: 50, admitted: 50 } };

  expect(decide(facts({ candidates: inOrder(full, inLane(2, 5), inLane(3, 5)) }))).toMatchObject({
    kind: "wait",
    reasons: [
      { kind: "concurrent-limit", deploymentId: deploymentId(1) },
      {
        kind: "superseded",
        deploymentId: deploymentId(3),
        byDeploymentId: deploymentId(1),
        because: "higher-priority",
      },
      { kind: "superseded", deploymentId: deploymentId(2), because: "higher-priority" },
    ],
  });
});

test("many that wait so are told of in one sentence", () => {
  const wait = {
    kind: "superseded",
    deploymentId: deploymentId(1),
    byDeploymentId: deploymentId(2),
    because: "higher-priority",
  } as const;

  expect(sentenceOfMany(wait, 3)).toBe(
    "3 devices are taken over by a deployment of higher priority.",
  );
});

test.each<[string, Partial<DeploymentFacts>]>([
  ["does not target it", { isTarget: false }],
  ["is paused", { state: "paused" }],
  ["has no artifact for its hardware", { artifacts: [] }],
  [
    "needs what it does not have",
    { artifacts: [artifact({ depends: { "rootfs-image.version": ["1.5"] } })] },
  ],
])("one of higher priority that %s leaves the device to the lower one", (_case, changes) => {
  expect(decide(facts({ candidates: inOrder(inLane(2, 9, changes), inLane(1, 0)) }))).toMatchObject(
    { kind: "offer", deployment: { id: deploymentId(1) } },
  );
});

test("where none has anything for a device, those that are for it say why before those that are not", () => {
  const others = inLane(2, 9, { isTarget: false });

  expect(
    decide(facts({ candidates: inOrder(others, inLane(1, 5, { state: "paused" })) })),
  ).toMatchObject({
    reasons: [{ kind: "deployment-not-running" }, { kind: "not-in-target" }],
  });
});

test("what the higher one brought stays while it is not over, also while it stands still", () => {
  const paused = inLane(1, 9, { state: "paused", assignment: ended });
  const candidates = inOrder(paused, inLane(2, 5));
  const runs = device({ running: { artifactName: "1.0", provides: {} } });

  expect(decide(facts({ device: runs, candidates, reached: [reachedBy(paused)] }))).toMatchObject({
    kind: "wait",
    reasons: expect.arrayContaining([
      {
        kind: "superseded",
        deploymentId: deploymentId(2),
        byDeploymentId: deploymentId(1),
        because: "higher-priority",
      },
    ]) as unknown,
  });
});

test("once it is over, a newer one of any priority goes on from there, and an older one does not", () => {
  const over = reachedBy(inLane(2, 9), true);

  expect(decide(facts({ candidates: [inLane(3, 0)], reached: [over] }))).toMatchObject({
    kind: "offer",
  });
  expect(decide(facts({ candidates: [inLane(1, 0)], reached: [over] }))).toMatchObject({
    reasons: [{ kind: "superseded", because: "higher-priority" }],
  });
});

test("what a lower one brought keeps no higher one from the device, however new it is", () => {
  const lower = inLane(2, 4, { assignment: ended });
  const candidates = inOrder(lower, inLane(1, 6));

  expect(decide(facts({ candidates, reached: [reachedBy(lower)] }))).toMatchObject({
    kind: "offer",
    deployment: { id: deploymentId(1) },
  });
});

test("whatever the priorities, a device takes each deployment once, the first that is left, and comes to rest", () => {
  const lanes = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      lanes,
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      (priorities, ends) => {
        const all = priorities.map((priority, index) => inLane(index + 1, priority));
        let runs = "0.9";
        const done = new Map<number, { readonly isOver: boolean }>();
        for (let offers = 0; ; offers += 1) {
          expect(offers).toBeLessThanOrEqual(all.length);
          const candidates = inOrder(...all)
            .filter(({ number }) => done.get(number)?.isOver !== true)
            .map((one) => (done.has(one.number) ? { ...one, assignment: ended } : one));
          const reached = all
            .filter(({ number }) => done.has(number))
            .map((one) => reachedBy(one, done.get(one.number)?.isOver));
          const at = device({ running: { artifactName: runs, provides: {} } });
          const answer = decide(facts({ device: at, candidates, reached }));
          if (answer.kind !== "offer") break;
          const { number } = answer.deployment;
          expect(done.has(number)).toBe(false);
          // What goes before it is passed: something newer brought the device on.
          for (const one of candidates.slice(
            0,
            candidates.findIndex((each) => each.number === number),
          ))
            expect(reached.some((other) => keepsFrom(other, precedenceOf(one)))).toBe(true);
          done.set(number, { isOver: ends[number - 1] === true });
          runs = answer.deployment.version;
        }
        expect(done.size).toBeGreaterThan(0);
      },
    ),
  );
});
