import { present } from "@moult/base";
import { Plan } from "@moult/model";
import { lastStage, shareSizes } from "./stage-share.ts";

/** What a plan that is valid does not achieve. Nothing here forbids it; whoever makes it shall know. */
export type PlanFinding =
  /** The first stage is everybody: nothing is tried on a few first. */
  | { readonly kind: "no-trial-stage"; readonly devices: number }
  /** Failures never stop it. */
  | { readonly kind: "no-error-stop"; readonly stage: number }
  /** The stop needs more failures than the stage has devices. */
  | {
      readonly kind: "error-stop-unreachable";
      readonly stage: number;
      readonly count: number;
      readonly devices: number;
    }
  /** The stage adds no device to the one before it. */
  | { readonly kind: "stage-without-devices"; readonly stage: number };

/** Targets below this are updated in one go without remark. */
const TRIAL_TARGET_MIN = 2;

/** What to tell about `plan` for a target of `eligible` devices. */
export function checkPlan(plan: Plan, eligible: number): readonly PlanFinding[] {
  const findings: PlanFinding[] = [];
  if (plan.stages.length === 1 && eligible >= TRIAL_TARGET_MIN)
    findings.push({ kind: "no-trial-stage", devices: eligible });
  const sizes = shareSizes(plan, eligible);
  for (const [stage, { errorStop }] of plan.stages.entries()) {
    const devices = present(sizes[stage], "each stage has its size");
    if (sizes[stage - 1] === devices) findings.push({ kind: "stage-without-devices", stage });
    if (errorStop === undefined) findings.push({ kind: "no-error-stop", stage });
    else if (errorStop.percent === undefined) {
      const count = present(errorStop.count, "an error stop names a count or a percent");
      if (count > devices) findings.push({ kind: "error-stop-unreachable", stage, count, devices });
    }
  }
  return findings;
}

/**
 * The plan of whoever names none: a tenth of the target first, then half, then all, and each stage stops on failures. A
 * sample of three keeps one unlucky device from stopping a large fleet; a stage of fewer is judged when all have ended.
 */
export function defaultPlan(): Plan {
  const errorStop = { percent: 10, sampleMin: 3 };
  return Plan.parse({
    stages: [
      { size: { percent: 10 }, advance: { successPercent: 90 }, errorStop },
      { size: { percent: 50 }, advance: { successPercent: 90 }, errorStop },
      { size: { remaining: true }, errorStop },
    ],
    retry: { attemptsMax: 2 },
  });
}

/** What must hold between a plan and the numbers of a deployment that follows it; each broken one is a bug. */
export function brokenLimits(
  plan: Plan,
  {
    stage,
    open,
    admitted,
  }: { readonly stage: number; readonly open: number; readonly admitted: number },
): readonly string[] {
  const broken: string[] = [];
  if (stage < 0 || stage > lastStage(plan)) broken.push("the open stage is one of the plan's");
  if (open < 0) broken.push("no fewer than no devices are in the update");
  if (open > plan.limits.concurrentMax)
    broken.push("no more devices are in the update than allowed");
  if (open > admitted) broken.push("only admitted devices are in the update");
  return broken;
}
