import { Plan } from "@moult/model";
import { expect, test } from "vitest";
import { brokenLimits, checkPlan, defaultPlan } from "./check-plan.ts";
import { planOf } from "./facts.fixture.ts";
import { shareSize, shareSizes } from "./stage-share.ts";

test("the default plan is a valid plan that nothing is to be said about for a fleet of ten", () => {
  expect(Plan.parse(defaultPlan())).toEqual(defaultPlan());
  expect(checkPlan(defaultPlan(), 10)).toEqual([]);
});

test.each([
  [planOf(), 100, ["no-trial-stage", "no-error-stop"]],
  [planOf({ stages: [{ size: { remaining: true }, errorStop: { count: 1 } }] }), 1, []],
  [
    planOf({
      stages: [
        { size: { percent: 10 }, errorStop: { count: 3 } },
        { size: { remaining: true }, errorStop: { count: 3 } },
      ],
    }),
    20,
    ["error-stop-unreachable"],
  ],
  [
    planOf({
      stages: [
        { size: { percent: 5 }, errorStop: { count: 1 } },
        { size: { percent: 9 }, errorStop: { count: 1 } },
        { size: { remaining: true }, errorStop: { count: 1 } },
      ],
    }),
    10,
    ["stage-without-devices"],
  ],
])("a plan tells what it will not achieve (%#)", (plan, eligible, expected) => {
  expect(checkPlan(plan, eligible).map(({ kind }) => kind)).toEqual(expected);
});

test.each<[number, number, number]>([
  [10, 10, 1],
  [10, 15, 1],
  [10, 5, 1],
  [1, 1, 1],
  [99, 3, 2],
  [0.29, 100_000, 290],
  [100, 7, 7],
  [50, 0, 0],
])("%d %% of %d devices are %d", (percent, eligible, expected) => {
  expect(shareSize({ percent }, eligible)).toBe(expected);
});

test("counts and percentages stand side by side, and no stage is smaller than the one before", () => {
  const plan = planOf({
    stages: [
      { size: { count: 5 } },
      { size: { percent: 10 } },
      { size: { count: 200 } },
      { size: { remaining: true } },
    ],
  });

  expect(shareSizes(plan, 1_000)).toEqual([5, 100, 200, 1_000]);
  expect(shareSizes(plan, 30)).toEqual([5, 5, 30, 30]);
  expect(checkPlan(plan, 30).map(({ kind }) => kind)).toContain("stage-without-devices");
});

test("numbers that break a limit are named", () => {
  const plan = planOf({ limits: { concurrentMax: 2 } });

  expect(brokenLimits(plan, { stage: 0, open: 2, admitted: 2 })).toEqual([]);
  expect(brokenLimits(plan, { stage: 0, open: 3, admitted: 3 })).toHaveLength(1);
  expect(brokenLimits(plan, { stage: 1, open: -1, admitted: 0 })).toHaveLength(2);
  expect(brokenLimits(plan, { stage: 0, open: 2, admitted: 1 })).toHaveLength(1);
});
