import { present, SECOND_MS } from "@moult/base";
import { isNamedSize, Plan, type ErrorStop, type StageAdvance, type HoldPoint } from "@moult/model";
import { checkConditions } from "./check-conditions.ts";
import { checkMode } from "./check-mode.ts";
import { checkLimits, type LimitFinding } from "./check-limits.ts";
import { checkWindows } from "./check-windows.ts";
import { HABIT_SILENCE } from "./silence.ts";
import { lastStage, shareSizes } from "./stage-share.ts";

/** What a plan that is valid does not achieve, with the numbers that show it. Whoever makes it shall know. */
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
  /** No device is the stage's own, so nothing is tried in it and it never lets the next one open. */
  | { readonly kind: "stage-names-nobody"; readonly stage: number }
  /** The stage adds no device to the one before it. */
  | { readonly kind: "stage-without-devices"; readonly stage: number }
  /** So many failures neither stop the stage nor let it go on: it stands still until a person comes. */
  | {
      readonly kind: "stage-can-stick";
      readonly stage: number;
      readonly failed: number;
      readonly devices: number;
      readonly needed: number;
    }
  /** Devices that went silent count as in the update for longer than the longest wait, which so ends later. */
  | {
      readonly kind: "wait-shorter-than-silence";
      readonly stage: number;
      readonly maxWaitSeconds: number;
      readonly silenceSeconds: number;
    }
  /** What must hold before a next stage is said of the last. */
  | { readonly kind: "advance-without-next"; readonly stage: number }
  /** Who begins a step when a window opens may still be at it after the window, for it is not ended by that. */
  | {
      readonly kind: "window-shorter-than-timeout";
      readonly step: "download" | "install";
      /** At most, at a time. */
      readonly openSeconds: number;
      readonly timeoutSeconds: number;
    }
  /** Two windows for the same step, by the same clocks, have times in common. */
  | { readonly kind: "windows-overlap"; readonly window: number; readonly other: number }
  /** The windows for a step are open all the time. */
  | { readonly kind: "windows-always-open"; readonly step: HoldPoint }
  /** The conditions are no query over circumstances. */
  | { readonly kind: "conditions-invalid"; readonly sentence: string }
  /** Whatever a device says, they do not hold; or they do. */
  | { readonly kind: "conditions-never"; readonly conditions: string }
  | { readonly kind: "conditions-always"; readonly conditions: string }
  /** Nobody succeeds before a person opens the installation, so until then only the first stage downloads. */
  | { readonly kind: "download-only-stops-stages"; readonly devices: number }
  /** Who keeps what it downloaded keeps its place: until a person opens the installation no others download. */
  | {
      readonly kind: "download-only-fills-places";
      readonly concurrentMax: number;
      readonly devices: number;
    }
  /** Fewer people than must approve the stage could: it would never open. */
  | {
      readonly kind: "approvals-impossible";
      readonly stage: number;
      readonly required: number;
      readonly people: number;
    }
  /** A device that has not begun reports nothing, so silence ends its try first. */
  | {
      readonly kind: "queued-timeout-idle";
      readonly queuedSeconds: number;
      readonly silenceSeconds: number;
    }
  /** Devices have one try, and something is said of the others. */
  | { readonly kind: "retry-without-tries" }
  /** A code is tried again and never tried again; never wins. */
  | { readonly kind: "retry-contradicts"; readonly code: string }
  | LimitFinding;

/** Targets below this are updated in one go without remark. */
const TRIAL_TARGET_MIN = 2;

/**
 * What to tell about `plan` for a target of `eligible` devices; `approvers`: who but its maker may deploy, by e-mail;
 * `artifacts`: what it brings; `named`: how many devices each stage by group or query has for its own.
 */
export function checkPlan(
  plan: Plan,
  eligible: number,
  approvers: readonly string[] = [],
  artifacts: Parameters<typeof checkLimits>[2] = [],
  named: readonly number[] = [],
): readonly PlanFinding[] {
  const { stages, timeouts } = plan;
  const findings: PlanFinding[] = [];
  if (stages.length === 1 && eligible >= TRIAL_TARGET_MIN)
    findings.push({ kind: "no-trial-stage", devices: eligible });
  const sizes = shareSizes(plan, eligible, named);
  for (const [stage, { size, errorStop, advance }] of stages.entries()) {
    const devices = present(sizes[stage], "each stage has its size");
    if (isNamedSize(size) && (named[stage] ?? 0) === 0)
      findings.push({ kind: "stage-names-nobody", stage });
    else if (sizes[stage - 1] === devices) findings.push({ kind: "stage-without-devices", stage });
    const stopFinding = checkStop(errorStop, stage, devices);
    if (stopFinding !== undefined) findings.push(stopFinding);
    if (stage === lastStage(plan)) {
      if (saysMoreThanSuccesses(advance)) findings.push({ kind: "advance-without-next", stage });
      continue;
    }
    // Where nothing stops it, that is said already.
    if (stopFinding === undefined) findings.push(...stickingAt(plan, stage, devices));
    const { maxWaitSeconds } = advance;
    // By habit it may be more or less; this is it for whom no habit is known.
    const silenceSeconds = timeouts.silenceSeconds ?? HABIT_SILENCE.unknownMs / SECOND_MS;
    if (maxWaitSeconds !== undefined && maxWaitSeconds < silenceSeconds)
      findings.push({ kind: "wait-shorter-than-silence", stage, maxWaitSeconds, silenceSeconds });
  }
  return [
    ...findings,
    ...checkApprovals(plan, approvers),
    ...checkWindows(plan),
    ...checkConditions(plan),
    ...checkMode(plan, eligible),
    ...checkTimeouts(plan),
    ...checkRetry(plan),
    ...checkLimits(plan, sizes, artifacts),
  ];
}

function checkApprovals({ stages }: Plan, approvers: readonly string[]): readonly PlanFinding[] {
  const may = new Set(approvers.map((email) => email.toLowerCase()));
  return stages.flatMap(({ approvals }, stage) => {
    if (approvals === undefined) return [];
    const { required, from } = approvals;
    const people = from === undefined ? may.size : from.filter((email) => may.has(email)).length;
    return people >= required ? [] : [{ kind: "approvals-impossible", stage, required, people }];
  });
}

function checkTimeouts({
  timeouts: { queuedSeconds, silenceSeconds },
}: Plan): readonly PlanFinding[] {
  return queuedSeconds === undefined ||
    silenceSeconds === undefined ||
    queuedSeconds < silenceSeconds
    ? []
    : [{ kind: "queued-timeout-idle", queuedSeconds, silenceSeconds }];
}

function checkStop(
  errorStop: ErrorStop | undefined,
  stage: number,
  devices: number,
): PlanFinding | undefined {
  if (errorStop === undefined) return { kind: "no-error-stop", stage };
  const { count, percent } = errorStop;
  return percent === undefined && count !== undefined && count > devices
    ? { kind: "error-stop-unreachable", stage, count, devices }
    : undefined;
}

/**
 * The smallest number of failures with which a stage of so many devices, all of which have ended, neither trips nor goes
 * on. Failures of all kinds that its stop counts are tried, and of those that it does not.
 */
function stickingAt(plan: Plan, stage: number, devices: number): readonly PlanFinding[] {
  const { advance, errorStop } = present(plan.stages[stage], "the stage is one of the plan");
  const needed = Math.ceil((devices * advance.successPercent) / 100 - 1e-9);
  const failed = devices - needed + 1;
  if (failed > devices || failed < 1) return [];
  // With fewer it goes on; with more a stop that is not reached yet may still be.
  const isCountedAsFailure = errorStop?.kinds === undefined;
  if (isCountedAsFailure && tripsAt(errorStop, failed, devices)) return [];
  return [{ kind: "stage-can-stick", stage, failed, devices, needed }];
}

function tripsAt(errorStop: ErrorStop | undefined, failed: number, finished: number): boolean {
  if (errorStop === undefined) return false;
  const { count, percent } = errorStop;
  return (
    (count !== undefined && failed >= count) ||
    (percent !== undefined && failed * 100 >= percent * finished)
  );
}

const saysMoreThanSuccesses = ({ afterSeconds, maxWaitSeconds, manual }: StageAdvance): boolean =>
  afterSeconds !== undefined || maxWaitSeconds !== undefined || manual !== undefined;

function checkRetry({ retry }: Plan): readonly PlanFinding[] {
  const { attemptsMax, backoffSeconds, retryOn, neverOn } = retry;
  const isIdle =
    attemptsMax === 1 && (backoffSeconds > 0 || retryOn !== undefined || neverOn !== undefined);
  return [
    ...(isIdle ? [{ kind: "retry-without-tries" } as const] : []),
    ...(retryOn ?? [])
      .filter((code) => neverOn?.includes(code) === true)
      .map((code) => ({ kind: "retry-contradicts", code }) as const),
  ];
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
