import { later, present, SECOND_MS, type InstantMs } from "@moult/base";
import { Failure, type Plan, type Tally } from "@moult/model";
import { pendingApproval, type ApprovalCounts, type PendingApproval } from "./approvals.ts";
import { COUNTER_OF } from "./counted-as.ts";
import type { Census } from "./facts.ts";
import { isStageEmpty, stageSize } from "./stage-share.ts";

/** Devices by how they ended with a release. */
export type Ends = Pick<
  Tally,
  "succeeded" | "failed" | "rolledBack" | "rejected" | "timedOut" | "silent"
>;

export const NO_ENDS: Ends = {
  succeeded: 0,
  failed: 0,
  rolledBack: 0,
  rejected: 0,
  timedOut: 0,
  silent: 0,
};

/** Devices whose end speaks against the release, in one of these ways. Not knowing how it ended is no success. */
export const failuresOf = (ends: Ends, kinds: readonly Failure[] = Failure.options): number =>
  kinds.reduce((sum, kind) => sum + ends[COUNTER_OF[kind]], 0);

/** Devices whose end says something about the release: those that ran it before, or were taken out, do not. */
export const finishedOf = (ends: Ends): number => ends.succeeded + failuresOf(ends);

/** What a stage's gate is judged by. */
export interface GateFacts {
  readonly plan: Plan;
  readonly stage: number;
  readonly stageOpenedAt: InstantMs;
  /** Ends that an operator let pass by resuming. */
  readonly waived: Ends;
  readonly approvals: ApprovalCounts;
}

/** What stands between a stage and the next: nothing, or the first thing that does. */
export type Gate =
  | { readonly kind: "open" }
  /** `opensAt`: when the longest wait alone opens it, as things stand; null when more devices must succeed first. */
  | {
      readonly kind: "successes-missing";
      readonly succeeded: number;
      readonly needed: number;
      readonly opensAt: InstantMs | null;
    }
  | { readonly kind: "too-soon"; readonly opensAt: InstantMs }
  /** It is of a group or a query that has no device: nothing was tried, so a person has to go on. */
  | { readonly kind: "nobody-named" }
  | { readonly kind: "waits-for-approval"; readonly required: number; readonly given: number }
  | { readonly kind: "waits-for-person" };

/** Why the next stage is not open, by the deployment's numbers and the time. */
export function gateOf(
  facts: GateFacts,
  counts: Omit<Tally, "eligible">,
  census: Census,
  now: InstantMs,
): Gate {
  const { plan, stage, stageOpenedAt, waived } = facts;
  const { advance } = present(plan.stages[stage], "a deployment's stage is in its plan");
  if (isStageEmpty(plan, stage, census)) return { kind: "nobody-named" };
  const { successPercent, afterSeconds = 0, maxWaitSeconds, manual } = advance;
  const missing = missingApproval(facts);
  const succeeded = counts.succeeded + counts.alreadyRunning;
  const letPass = (kinds: readonly Failure[]): number =>
    Math.min(failuresOf(waived, kinds), failuresOf(counts, kinds));
  const needed = shareOf(successPercent, stageSize(plan, stage, census) - letPass(Failure.options));
  const soonestAt = later(stageOpenedAt, afterSeconds * SECOND_MS);

  if (succeeded < needed) {
    const neededOfReached = Math.max(
      1,
      shareOf(successPercent, reachedOf(counts) - letPass(REACHED_FAILURES)),
    );
    const waitEndsAt =
      maxWaitSeconds === undefined ? null : later(stageOpenedAt, maxWaitSeconds * SECOND_MS);
    const isEnough = succeeded >= neededOfReached;
    if (waitEndsAt === null || now < waitEndsAt || !isEnough) {
      const opensAt = isEnough && manual !== true && missing === null ? waitEndsAt : null;
      return { kind: "successes-missing", succeeded, needed, opensAt };
    }
  }
  if (now < soonestAt) return { kind: "too-soon", opensAt: soonestAt };
  if (missing !== null) {
    const { required, given } = missing;
    return { kind: "waits-for-approval", required, given };
  }
  return manual === true ? { kind: "waits-for-person" } : { kind: "open" };
}

/** What people have yet to approve before the next stage opens. */
export function missingApproval({
  plan,
  stage,
  approvals,
}: Pick<GateFacts, "plan" | "stage" | "approvals">): PendingApproval | null {
  const pending = pendingApproval(plan, approvals);
  return pending === null || pending.stage > stage + 1 ? null : pending;
}

/** When the next stage opens by time alone, as things stand; null when something else must happen first. */
export function opensByTimeAt(gate: Gate, facts: GateFacts): InstantMs | null {
  if (gate.kind !== "successes-missing" && gate.kind !== "too-soon") return null;
  const isManual = facts.plan.stages[facts.stage]?.advance.manual === true;
  return isManual || missingApproval(facts) !== null ? null : gate.opensAt;
}

/** Of those, the device was there to say how it ended. */
const REACHED_FAILURES: readonly Failure[] = Failure.options.filter((kind) => kind !== "silent");

/** Devices of the stage that were reached: who is in the update counts until it is over. */
const reachedOf = (counts: Omit<Tally, "eligible">): number =>
  counts.open + counts.succeeded + counts.alreadyRunning + failuresOf(counts, REACHED_FAILURES);

const shareOf = (percent: number, devices: number): number =>
  Math.ceil((Math.max(0, devices) * percent) / 100 - 1e-9);
