import { Plan, sizeWords } from "@moult/model";
import { expect, test } from "vitest";
import {
  numberOrText,
  readPlan,
  valueAt,
  withStage,
  withValueAt,
  withoutStage,
  type PlanDraft,
} from "./plan-draft.ts";
import { PLAN_PRESETS } from "./plan-presets.ts";

const careful: PlanDraft = PLAN_PRESETS.careful;

test.each(["careful", "fast"] as const)("the %s plan is the same after the form", (preset) => {
  expect(readPlan(PLAN_PRESETS[preset]).plan).toEqual(PLAN_PRESETS[preset]);
});

test("what is half typed is a problem of its own field", () => {
  const draft = withValueAt(careful, "stages.1.size.percent", "");
  const { plan, problems } = readPlan(withValueAt(draft, "limits.concurrentMax", "many"));

  expect(plan).toBeUndefined();
  expect([...problems]).toEqual([
    ["stages.1.size.percent", "Write a number."],
    ["limits.concurrentMax", "Write a number."],
  ]);
});

test.each([
  ["stages.1.size.percent", 101, "At most 100."],
  ["stages.1.size.percent", 0, "More than 0."],
  ["timeouts.silenceSeconds", 5, "At least 1 min."],
  ["retry.attemptsMax", 11, "At most 10."],
  ["limits.bytesPerDay", 11e12, "At most 10 TB."],
  ["retry.attemptsMax", 1.5, "Write a whole number."],
  ["stages.0.errorStop", {}, "an error stop names a count, a percent, or both"],
])("%s of %j is told in the words of its field", (path, value, sentence) => {
  expect(readPlan(withValueAt(careful, path, value)).problems.get(path)).toBe(sentence);
});

test("what nobody knows is said, and not dropped", () => {
  expect([...readPlan({ ...careful, speed: "high" }).problems.values()]).toEqual([
    "Not part of a plan: speed.",
  ]);
});

test("a field that is emptied is away, and the plan says its default", () => {
  const draft = withValueAt(careful, "limits.concurrentMax", undefined);

  expect(valueAt(draft, "limits.concurrentMax")).toBeUndefined();
  expect(readPlan(draft).plan?.limits.concurrentMax).toBe(50);
});

test("a changed field keeps its place among the others", () => {
  const draft = withValueAt(careful, "retry.attemptsMax", 3);

  expect(Object.keys(draft)).toEqual(Object.keys(careful));
  expect(valueAt(draft, "retry.attemptsMax")).toBe(3);
});

test("a stage without a limit on failures has none", () => {
  const { plan } = readPlan(withValueAt(careful, "stages.0.errorStop", undefined));

  expect(plan?.stages[0]).toEqual({ size: { percent: 1 }, advance: { successPercent: 95 } });
});

test("one more stage stands before the last one, and the plan is still one", () => {
  const sizes = (draft: PlanDraft) =>
    readPlan(draft).plan?.stages.map(({ size }) => sizeWords(size));
  const one = Plan.parse({ stages: [{ size: { remaining: true } }] });

  expect(sizes(withStage(PLAN_PRESETS.fast))).toEqual(["10 %", "55 %", "all"]);
  expect(sizes(withoutStage(withStage(PLAN_PRESETS.fast), 0))).toEqual(["55 %", "all"]);
  expect(sizes(withStage(one))).toEqual(["10 %", "all"]);
});

test("a comma is a decimal point too, and what is no number stays text", () => {
  expect(["0,5", "1.", "", "12"].map(numberOrText)).toEqual([0.5, "1.", "", 12]);
});
