import { Plan, sizeWords } from "@moult/model";
import { expect, test } from "vitest";
import { planDraft, readPlan, withStage, withStageChanged, withoutStage } from "./plan-draft.ts";
import { PLAN_PRESETS } from "./plan-presets.ts";

const careful = planDraft(PLAN_PRESETS.careful);

test.each(["careful", "fast"] as const)("the %s plan is the same after the form", (preset) => {
  expect(readPlan(planDraft(PLAN_PRESETS[preset])).plan).toEqual(PLAN_PRESETS[preset]);
});

test("what is half typed is a problem of its own field", () => {
  const draft = withStageChanged(careful, 1, { size: "" });
  const { plan, problems } = readPlan({ ...draft, concurrentMax: "many" });
  expect(plan).toBeUndefined();
  expect([...problems.keys()]).toEqual(["stages.1.size", "limits.concurrentMax"]);
});

test("a stage without a limit on failures has none, and needs no sample", () => {
  const draft = withStageChanged(careful, 0, { stopPercent: "" });
  const { plan } = readPlan(draft);
  expect(plan?.stages[0]).toEqual({ size: { percent: 1 }, advance: { successPercent: 95 } });
});

test("one more stage stands before the last one, and the plan is still one", () => {
  const { plan } = readPlan(withStage(planDraft(PLAN_PRESETS.fast)));
  expect(plan?.stages.map(({ size }) => sizeWords(size))).toEqual(["10 %", "55 %", "all"]);
  const fewer = readPlan(withoutStage(withStage(planDraft(PLAN_PRESETS.fast)), 0)).plan;
  expect(fewer?.stages.map(({ size }) => sizeWords(size))).toEqual(["55 %", "all"]);
});

test("a comma is a decimal point too", () => {
  const { plan } = readPlan(withStageChanged(careful, 0, { size: "0,5" }));
  expect(plan?.stages[0]?.size).toEqual({ percent: 0.5 });
});

test("a plan of the command line with all that a plan can say is the same after the form", () => {
  const plan = Plan.parse({
    stages: [
      {
        size: { count: 5 },
        advance: { successPercent: 90, afterSeconds: 600, maxWaitSeconds: 90_000, manual: true },
        errorStop: { count: 1, kinds: ["failed", "rolled-back", "rejected"] },
      },
      { size: { percent: 10 }, errorStop: { percent: 5, kinds: ["silent"] } },
      { size: { remaining: true } },
    ],
    limits: { concurrentMax: 20, perMinute: 5 },
    retry: {
      attemptsMax: 3,
      backoffSeconds: 90,
      retryOn: ["download-failed", "disk-full"],
      neverOn: ["wrong-board"],
    },
    timeouts: { silenceSeconds: 5_000 },
    windows: [
      { for: ["download"], at: "02:00", durationMinutes: 240, zone: "device" },
      {
        for: ["download"],
        days: ["sat", "sun"],
        at: "22:30",
        durationMinutes: 90,
        zone: { attribute: "site.zone" },
      },
    ],
    onTrip: { rollBackTo: "1f0e2d3c-4b5a-4697-8879-6a5b4c3d2e1f" },
  });

  expect(readPlan(planDraft(plan)).plan).toEqual(plan);
});
