import { expect, test } from "vitest";
import { advance, type DeploymentProgress, type ProgressTally } from "./advance.ts";
import { NO_ONE, NOW, planOf } from "./facts.fixture.ts";
import { PLACES } from "./place.ts";
import { NO_ENDS } from "./stage-gate.ts";

const plan = planOf({
  stages: [
    { size: { percent: 10 }, advance: { successPercent: 80 }, errorStop: { count: 2 } },
    { size: { percent: 50 }, errorStop: { percent: 20, sampleMin: 10 } },
    { size: { remaining: true } },
  ],
});

const progress = (changes: Partial<DeploymentProgress> = {}): DeploymentProgress => ({
  plan,
  state: "running",
  stage: 0,
  stageOpenedAt: NOW,
  waived: NO_ENDS,
  approvals: [],
  ...changes,
});

const tally = (
  counts: Partial<ProgressTally["counts"]>,
  changes: Partial<ProgressTally> = {},
): ProgressTally => ({
  counts: { ...NO_ONE, ...counts },
  census: { kind: "exact", eligible: 100 },
  isAnyoneLeft: true,
  ...changes,
});

test("a stage is left when the share of its devices that must succeed has succeeded", () => {
  expect(advance(progress(), tally({ succeeded: 7 }), NOW)).toEqual([]);
  expect(advance(progress(), tally({ succeeded: 8 }), NOW)).toEqual([
    { kind: "stage-advanced", stage: 1 },
  ]);
  expect(advance(progress(), tally({ succeeded: 6, alreadyRunning: 2 }), NOW)).toHaveLength(1);
});

test("a deployment whose later stages have succeeded too goes through them at once", () => {
  expect(advance(progress(), tally({ alreadyRunning: 50 }), NOW)).toEqual([
    { kind: "stage-advanced", stage: 1 },
    { kind: "stage-advanced", stage: 2 },
  ]);
});

test.each(["failed", "rolledBack", "rejected", "timedOut", "silent"] as const)(
  "devices that ended as %s trip the deployment; one that ran it already or was taken out does not",
  (kind) => {
    const counts = { [kind]: 2, alreadyRunning: 1, aborted: 5 };
    expect(advance(progress(), tally(counts), NOW)).toEqual([
      {
        kind: "tripped",
        trip: { kind: "failure-count", stage: 0, failed: 2, finished: 2, limit: 2, at: NOW },
      },
    ]);
    expect(advance(progress(), tally({ [kind]: 1 }), NOW)).toEqual([]);
  },
);

test("a percentage trips once the sample is large enough", () => {
  const second = progress({ stage: 1 });

  expect(advance(second, tally({ succeeded: 6, failed: 3 }), NOW)).toEqual([]);
  expect(advance(second, tally({ succeeded: 9, failed: 2 }), NOW)).toEqual([]);
  expect(advance(second, tally({ succeeded: 8, failed: 2 }), NOW)).toMatchObject([
    { kind: "tripped", trip: { kind: "failure-percent", limit: 20, failed: 2, finished: 10 } },
  ]);
});

test("a stage that is smaller than the sample is judged when all of it has ended", () => {
  const tiny = progress({
    plan: planOf({
      stages: [
        { size: { percent: 20 }, errorStop: { percent: 50, sampleMin: 5 } },
        { size: { remaining: true } },
      ],
    }),
  });
  const census = { kind: "exact", eligible: 10 } as const;

  expect(advance(tiny, tally({ failed: 1 }, { census }), NOW)).toEqual([]);
  expect(advance(tiny, tally({ failed: 1, succeeded: 1 }, { census }), NOW)).toMatchObject([
    { kind: "tripped" },
  ]);
});

test("failures that an operator let pass count neither for a trip nor against the stage", () => {
  const resumed = progress({ waived: { ...NO_ENDS, failed: 2, succeeded: 3 } });

  expect(advance(resumed, tally({ succeeded: 3, failed: 2 }), NOW)).toEqual([]);
  expect(advance(resumed, tally({ succeeded: 3, failed: 4 }), NOW)).toMatchObject([
    { kind: "tripped", trip: { failed: 2, finished: 2 } },
  ]);
  // Eight devices are left to judge, and 80 % of them is seven.
  expect(advance(resumed, tally({ succeeded: 7, failed: 2 }), NOW)).toMatchObject([
    { kind: "stage-advanced", stage: 1 },
  ]);
});

test("a stop of the stage that opens counts what happened before it", () => {
  const strict = progress({
    plan: planOf({
      stages: [
        { size: { percent: 10 }, advance: { successPercent: 50 } },
        { size: { remaining: true }, errorStop: { count: 1 } },
      ],
    }),
  });

  expect(advance(strict, tally({ succeeded: 9, failed: 1 }), NOW)).toMatchObject([
    { kind: "stage-advanced", stage: 1 },
    { kind: "tripped", trip: { stage: 1 } },
  ]);
});

test("a paused deployment trips and does not advance; a tripped, finished or aborted one does neither", () => {
  const bad = tally({ failed: 2 });
  const good = tally({ succeeded: 10 });

  expect(advance(progress({ state: "paused" }), bad, NOW)).toMatchObject([{ kind: "tripped" }]);
  expect(advance(progress({ state: "paused" }), good, NOW)).toEqual([]);
  for (const state of ["tripped", "finished", "aborted"] as const) {
    expect(advance(progress({ state }), bad, NOW)).toEqual([]);
    expect(advance(progress({ state }), good, NOW)).toEqual([]);
  }
});

test("a deployment is finished when everybody of its target has an end", () => {
  const last = progress({ stage: 2 });
  const done = { succeeded: 99, failed: 1 };

  expect(advance(last, tally(done, { isAnyoneLeft: false }), NOW)).toEqual([{ kind: "finished" }]);
  expect(advance(last, tally(done), NOW)).toEqual([]);
  expect(advance(last, tally({ ...done, open: 1 }, { isAnyoneLeft: false }), NOW)).toEqual([]);
  expect(advance(last, tally({}, { isAnyoneLeft: false }), NOW)).toEqual([]);
});

test("in a large target a stage has as many devices as really fall into it", () => {
  const census = {
    kind: "estimated",
    eligible: 10_000,
    belowThreshold: [950, 5_100, 10_000],
    thresholds: [PLACES / 10, PLACES / 2, PLACES],
  } as const;
  const enough = Math.ceil(950 * 0.8);

  expect(advance(progress(), tally({ succeeded: enough - 1 }, { census }), NOW)).toEqual([]);
  expect(advance(progress(), tally({ succeeded: enough }, { census }), NOW)).toHaveLength(1);
});

test("a stop that names its kinds counts those ends only, and lets pass those of them that were waived", () => {
  const kinds: ("rolled-back" | "failed")[] = ["rolled-back"];
  const strict = progress({
    plan: planOf({
      stages: [
        { size: { percent: 10 }, errorStop: { count: 2, kinds } },
        { size: { remaining: true } },
      ],
    }),
    waived: { ...NO_ENDS, rolledBack: 1, silent: 5 },
  });

  expect(advance(strict, tally({ silent: 9, failed: 4, rolledBack: 2 }), NOW)).toEqual([]);
  expect(advance(strict, tally({ silent: 5, rolledBack: 3 }), NOW)).toMatchObject([
    { kind: "tripped", trip: { failed: 2, limit: 2 } },
  ]);
});
