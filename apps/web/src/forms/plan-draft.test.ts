import { expect, test } from "vitest";
import { planDraft, readPlan, withStage, withStageChanged, withoutStage } from "./plan-draft.ts";
import { PLAN_PRESETS } from "./plan-presets.ts";

const careful = planDraft(PLAN_PRESETS.careful);

test.each(["careful", "fast"] as const)("the %s plan is the same after the form", (preset) => {
  expect(readPlan(planDraft(PLAN_PRESETS[preset])).plan).toEqual(PLAN_PRESETS[preset]);
});

test("what is half typed is a problem of its own field", () => {
  const draft = withStageChanged(careful, 1, { percent: "" });
  const { plan, problems } = readPlan({ ...draft, concurrentMax: "many" });
  expect(plan).toBeUndefined();
  expect([...problems.keys()]).toEqual(["stages.1.percent", "concurrentMax"]);
});

test("a stage without a limit on failures has none, and needs no sample", () => {
  const draft = withStageChanged(careful, 0, { stopPercent: "" });
  const { plan } = readPlan(draft);
  expect(plan?.stages[0]).toEqual({ percent: 1, advanceAtPercent: 95 });
});

test("one more stage stands before the last one, and the plan is still one", () => {
  const { plan } = readPlan(withStage(planDraft(PLAN_PRESETS.fast)));
  expect(plan?.stages.map(({ percent }) => percent)).toEqual([10, 55, 100]);
  const fewer = readPlan(withoutStage(withStage(planDraft(PLAN_PRESETS.fast)), 0)).plan;
  expect(fewer?.stages.map(({ percent }) => percent)).toEqual([55, 100]);
});

test("a comma is a decimal point too", () => {
  const { plan } = readPlan(withStageChanged(careful, 0, { percent: "0,5" }));
  expect(plan?.stages[0]?.percent).toBe(0.5);
});
