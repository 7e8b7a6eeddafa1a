import { Plan, Window, windowFromText, type Ramp, type StageApprovals } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import type * as z from "zod";
import { advance } from "./advance.ts";
import { brokenLimits, checkPlan, defaultPlan, type PlanFinding } from "./check-plan.ts";
import { decide } from "./decide.ts";
import { artifact, deployment, facts, HARDWARE, NO_ONE, NOW, planOf } from "./facts.fixture.ts";
import { NO_ENDS } from "./stage-gate.ts";
import { shareSize, shareSizes } from "./stage-share.ts";

test("the default plan is a valid plan that nothing is to be said about for a fleet of ten", () => {
  expect(Plan.parse(defaultPlan())).toEqual(defaultPlan());
  expect(checkPlan(defaultPlan(), 10, [])).toEqual([]);
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
  expect(checkPlan(plan, eligible, []).map(({ kind }) => kind)).toEqual(expected);
});

const two = (
  first: Partial<z.input<typeof Plan>["stages"][number]>,
  plan: Partial<z.input<typeof Plan>> = {},
): Plan =>
  planOf({
    stages: [
      { size: { count: 10 }, errorStop: { count: 1 }, ...first },
      { size: { remaining: true }, errorStop: { count: 1 } },
    ],
    ...plan,
  });

test.each<[Plan, PlanFinding[]]>([
  [two({}), []],
  [
    two({ errorStop: { count: 3 } }),
    [{ kind: "stage-can-stick", stage: 0, failed: 1, devices: 10, needed: 10 }],
  ],
  [two({ errorStop: { count: 3 }, advance: { successPercent: 80 } }), []],
  [
    two({ errorStop: { percent: 50 }, advance: { successPercent: 90 } }),
    [{ kind: "stage-can-stick", stage: 0, failed: 2, devices: 10, needed: 9 }],
  ],
  // Silence is no failure to this stop, and no success either.
  [
    two({ errorStop: { count: 1, kinds: ["failed", "rolled-back"] } }),
    [{ kind: "stage-can-stick", stage: 0, failed: 1, devices: 10, needed: 10 }],
  ],
  [
    two({ advance: { maxWaitSeconds: 3_600 } }),
    [
      {
        kind: "wait-shorter-than-silence",
        stage: 0,
        maxWaitSeconds: 3_600,
        silenceSeconds: 86_400,
      },
    ],
  ],
  [two({}, { retry: { backoffSeconds: 60 } }), [{ kind: "retry-without-tries" }]],
  [
    two({}, { retry: { attemptsMax: 2, retryOn: ["a", "b"], neverOn: ["b"] } }),
    [{ kind: "retry-contradicts", code: "b" }],
  ],
  [
    two({}, { limits: { concurrentMax: 5, perSite: { attribute: "store", concurrentMax: 5 } } }),
    [{ kind: "site-limit-idle", perSite: 5, concurrentMax: 5 }],
  ],
  [
    planOf({
      stages: [
        { size: { count: 10 }, errorStop: { count: 1 } },
        { size: { remaining: true }, errorStop: { count: 1 }, advance: { manual: true } },
      ],
    }),
    [{ kind: "advance-without-next", stage: 1 }],
  ],
])("a contradiction is told with the numbers that show it (%#)", (plan, expected) => {
  expect(checkPlan(plan, 100, [])).toEqual(expected);
});

test("an artifact that is larger than what may be offered in a day is told, and never goes", () => {
  const plan = planOf({
    stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
    limits: { bytesPerDay: 1_000 },
  });
  const [fits, large] = [artifact({ sizeBytes: 1_000 }), artifact({ sizeBytes: 1_001 })];

  expect(checkPlan(plan, 1, [], [fits])).toEqual([]);
  expect(checkPlan(plan, 1, [], [fits, large])).toEqual([
    {
      kind: "byte-budget-too-small",
      bytesPerDay: 1_000,
      sizeBytes: 1_001,
      hardwareTypes: [HARDWARE],
    },
  ]);
  const answerTo = (artifacts: ReturnType<typeof artifact>[]) =>
    decide(facts({ candidates: [deployment({ plan, artifacts })] }));
  expect(answerTo([fits]).kind).toBe("offer");
  expect(answerTo([large])).toMatchObject({
    reasons: [{ kind: "byte-budget", sizeBytes: 1_001, until: null }],
    until: null,
  });
});

const ramped = (
  stage: number,
  every: Ramp["every"],
  plan: Partial<z.input<typeof Plan>> = {},
): Plan => {
  const ramp = { perMinute: 2, factor: 2, every, perMinuteMax: 50 };
  const stages = two({}).stages.map((each, index) => (index === stage ? { ...each, ramp } : each));
  return planOf({ stages, ...plan });
};

test.each<[Plan, PlanFinding[]]>([
  [ramped(0, { succeeded: 9 }), []],
  [
    ramped(0, { succeeded: 10 }),
    [{ kind: "ramp-never-rises", stage: 0, by: "succeeded", every: 10, atMost: 10 }],
  ],
  // Ten of the hundred have succeeded by then.
  [ramped(1, { succeeded: 89 }), []],
  [
    ramped(1, { succeeded: 90 }),
    [{ kind: "ramp-never-rises", stage: 1, by: "succeeded", every: 90, atMost: 90 }],
  ],
  [ramped(0, { offered: 10 }, { retry: { attemptsMax: 2 } }), []],
  [
    ramped(0, { offered: 20 }, { retry: { attemptsMax: 2 } }),
    [{ kind: "ramp-never-rises", stage: 0, by: "offered", every: 20, atMost: 20 }],
  ],
  [ramped(0, { succeeded: 5 }, { limits: { perMinute: 3 } }), []],
  [
    ramped(0, { succeeded: 5 }, { limits: { perMinute: 2 } }),
    [{ kind: "ramp-idle", stage: 0, begins: 2, perMinute: 2 }],
  ],
])("a ramp that makes no difference is told with what shows it (%#)", (plan, expected) => {
  expect(checkPlan(plan, 100, [])).toEqual(expected);
});

test("a device that may take as long to begin as it may be silent is told", () => {
  const plan = (queuedSeconds: number) =>
    planOf({
      stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
      timeouts: { silenceSeconds: 3_600, queuedSeconds },
    });

  expect(checkPlan(plan(3_600), 1)).toEqual([
    { kind: "queued-timeout-idle", queuedSeconds: 3_600, silenceSeconds: 3_600 },
  ]);
  expect(checkPlan(plan(3_599), 1)).toEqual([]);
});

const approved = (approvals: z.input<typeof StageApprovals>) =>
  two({ size: { count: 1 }, errorStop: { count: 1 }, approvals });

test.each([
  [{ required: 2 }, ["bob@example.org"], 1],
  [{ required: 1 }, [], 0],
  [{ required: 1, from: ["Bob@example.org"] }, ["carol@example.org"], 0],
])("approvals that fewer people could give than must are told (%#)", (approvals, who, people) => {
  expect(checkPlan(approved(approvals), 100, who)).toEqual([
    { kind: "approvals-impossible", stage: 0, required: approvals.required, people },
  ]);
});

test.each([
  [{ required: 1 }, ["bob@example.org"]],
  [{ required: 1, from: ["Bob@Example.org"] }, ["bob@example.org", "carol@example.org"]],
])("nothing is said of approvals that enough people could give (%#)", (approvals, who) => {
  expect(checkPlan(approved(approvals), 100, who)).toEqual([]);
});

test("a stage that is said to be able to stick does, and one that is not never does", () => {
  const stop = fc.record(
    { count: fc.integer({ min: 1, max: 12 }), percent: fc.integer({ min: 1, max: 100 }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      stop.filter(({ count, percent }) => count !== undefined || percent !== undefined),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 60 }),
      (errorStop, successPercent, devices) => {
        const plan = two({
          size: { count: devices },
          errorStop,
          advance: { successPercent },
        });
        const deployment = {
          plan,
          state: "running",
          stage: 0,
          stageOpenedAt: NOW,
          waived: NO_ENDS,
          approvals: [],
        } as const;
        const isStuckWith = (failed: number): boolean =>
          advance(
            deployment,
            {
              counts: { ...NO_ONE, succeeded: devices - failed, failed },
              census: { kind: "exact", eligible: 500 },
              isAnyoneLeft: true,
            },
            NOW,
          ).length === 0;
        const findings = checkPlan(plan, 500, []).filter(
          (each) => "stage" in each && each.stage === 0,
        );
        const found = findings.find(({ kind }) => kind === "stage-can-stick");
        // A stop that cannot be reached is told as such.
        fc.pre(findings.every(({ kind }) => kind !== "error-stop-unreachable"));

        if (found?.kind === "stage-can-stick") expect(isStuckWith(found.failed)).toBe(true);
        else
          for (let failed = 0; failed <= devices; failed += 1)
            expect(isStuckWith(failed), `${failed} of ${devices}`).toBe(false);
      },
    ),
  );
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
  expect(checkPlan(plan, 30, []).map(({ kind }) => kind)).toContain("stage-without-devices");
});

test("numbers that break a limit are named", () => {
  const plan = planOf({ limits: { concurrentMax: 2 } });

  expect(brokenLimits(plan, { stage: 0, open: 2, admitted: 2 })).toEqual([]);
  expect(brokenLimits(plan, { stage: 0, open: 3, admitted: 3 })).toHaveLength(1);
  expect(brokenLimits(plan, { stage: 1, open: -1, admitted: 0 })).toHaveLength(2);
  expect(brokenLimits(plan, { stage: 0, open: 2, admitted: 1 })).toHaveLength(1);
});

test.each<readonly [string, readonly string[], readonly object[]]>([
  ["apart", ["daily 01:00 2h UTC", "daily 03:00 2h UTC"], []],
  [
    "that overlap",
    ["sat,sun 01:00 2h UTC", "mon,sun 02:00 2h UTC"],
    [{ kind: "windows-overlap", window: 1, other: 0 }],
  ],
  [
    "of which one reaches over the end of the week into the other",
    ["mon 00:00 2h UTC", "sun 23:00 2h UTC"],
    [{ kind: "windows-overlap", window: 1, other: 0 }],
  ],
  ["by different clocks", ["daily 01:00 2h UTC", "daily 01:00 2h device"], []],
  [
    "that are always open",
    ["daily 00:00 12h UTC", "daily 12:00 12h UTC"],
    [{ kind: "windows-always-open", step: "download" }],
  ],
])("windows %s are told of as such", (_how, lines, findings) => {
  const windows = lines.map((line) => Window.parse(windowFromText(`download ${line}`)));
  const plan = { ...defaultPlan(), windows };
  expect(checkPlan(plan, 100)).toEqual(findings);
});
