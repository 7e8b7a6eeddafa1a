import { present, type InstantMs } from "@moult/base";
import type { DeploymentState, Outcome, Plan, Tally, Trip } from "@moult/model";
import { deploymentStep } from "./deployment-transitions.ts";
import type { Census } from "./facts.ts";
import { lastStage, stageSize } from "./stage-share.ts";

/** A deployment as its own progress is judged. */
export interface DeploymentProgress {
  readonly plan: Plan;
  readonly state: DeploymentState;
  readonly stage: number;
  /** Failures and finished devices that an operator let pass by resuming. */
  readonly waivedFailed: number;
  readonly waivedFinished: number;
}

/** Its numbers, read in the transaction that changes it. */
export interface ProgressTally {
  readonly counts: Omit<Tally, "eligible">;
  readonly census: Census;
  /** Whether any eligible device is still without an end; needed only while nobody is in the update. */
  readonly isAnyoneLeft: boolean;
}

/** Why a deployment stopped itself, with the instant as a number. */
export type TripFacts = Omit<Trip, "at"> & { readonly at: InstantMs };

export type AdvanceEvent =
  | { readonly kind: "stage-advanced"; readonly stage: number }
  | { readonly kind: "tripped"; readonly trip: TripFacts }
  | { readonly kind: "finished" };

/**
 * What becomes of a deployment by its numbers alone, in order. Called in every transaction that changes them.
 *
 * Counts are of the whole deployment up to now, as the shares are: a stage's error stop judges all devices that were
 * let in so far. Failures that an operator let pass count neither against the stop nor against the share that must
 * have succeeded, or the stage they happened in could never be left.
 */
export function advance(
  deployment: DeploymentProgress,
  tally: ProgressTally,
  now: InstantMs,
): readonly AdvanceEvent[] {
  const events: AdvanceEvent[] = [];
  for (let { stage } = deployment; ; stage += 1) {
    const trip = tripOf({ ...deployment, stage }, tally, now);
    if (trip !== undefined) return [...events, { kind: "tripped", trip }];
    if (deployment.state !== "running") return events;
    if (stage === lastStage(deployment.plan))
      return isFinished(tally) ? [...events, { kind: "finished" }] : events;
    if (!hasStageSucceeded({ ...deployment, stage }, tally)) return events;
    events.push({ kind: "stage-advanced", stage: stage + 1 });
  }
}

/** Whether such an end speaks against the release. */
export const isFailure = (outcome: Outcome): boolean =>
  outcome !== "succeeded" && outcome !== "already-running" && outcome !== "aborted";

/** Devices whose end speaks against the release. Not knowing how it ended is no success. */
export const failuresOf = (counts: ProgressTally["counts"]): number =>
  counts.failed + counts.rolledBack + counts.rejected + counts.timedOut + counts.silent;

/** Devices whose end says something about the release: those that ran it before, or were taken out, do not. */
export const finishedOf = (counts: ProgressTally["counts"]): number =>
  counts.succeeded + failuresOf(counts);

function tripOf(
  { plan, state, stage, waivedFailed, waivedFinished }: DeploymentProgress,
  { counts, census }: ProgressTally,
  now: InstantMs,
): TripFacts | undefined {
  if (deploymentStep(state, "trip") === null) return undefined;
  const { errorStop } = present(plan.stages[stage], "a deployment's stage is one of its plan");
  if (errorStop === undefined) return undefined;

  // A late report can turn a failure that was let pass into a success, hence the bounds at zero.
  const failed = Math.max(0, failuresOf(counts) - waivedFailed);
  const finished = Math.max(failed, finishedOf(counts) - waivedFinished);
  const trip = { stage, failed, finished, at: now };
  if (errorStop.count !== undefined && failed >= errorStop.count)
    return { kind: "failure-count", limit: errorStop.count, ...trip };

  // A stage smaller than the sample is judged when all of it has finished.
  const sampleMin = Math.min(errorStop.sampleMin ?? 1, stageSize(plan, stage, census));
  if (
    errorStop.percent !== undefined &&
    failed > 0 &&
    finished >= sampleMin &&
    failed * 100 >= errorStop.percent * finished
  )
    return { kind: "failure-percent", limit: errorStop.percent, ...trip };
  return undefined;
}

function hasStageSucceeded(
  { plan, stage, waivedFailed }: DeploymentProgress,
  { counts, census }: ProgressTally,
): boolean {
  const { advanceAtPercent } = present(plan.stages[stage], "a deployment's stage is in its plan");
  const letPass = Math.min(waivedFailed, failuresOf(counts));
  const judged = Math.max(0, stageSize(plan, stage, census) - letPass);
  const needed = Math.ceil((judged * advanceAtPercent) / 100 - 1e-9);
  return counts.succeeded + counts.alreadyRunning >= needed;
}

/** Over when somebody took part and nobody is left; a target that is empty for the moment finishes nothing. */
function isFinished({ counts, isAnyoneLeft }: ProgressTally): boolean {
  const ended = finishedOf(counts) + counts.alreadyRunning + counts.aborted;
  return counts.open === 0 && !isAnyoneLeft && ended > 0;
}
