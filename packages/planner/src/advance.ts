import { present, type InstantMs } from "@moult/base";
import type { DeploymentState, Outcome, Tally, Trip } from "@moult/model";
import { deploymentStep } from "./deployment-transitions.ts";
import type { Census } from "./facts.ts";
import { failuresOf, finishedOf, gateOf, type GateFacts } from "./stage-gate.ts";
import { lastStage, stageSize } from "./stage-share.ts";

/** A deployment as its own progress is judged. */
export interface DeploymentProgress extends GateFacts {
  readonly state: DeploymentState;
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
 * What becomes of a deployment by its numbers and the time, in order. Called in every transaction that changes the
 * numbers, and now and then for what time alone does.
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
  let { stageOpenedAt } = deployment;
  for (let { stage } = deployment; ; stage += 1) {
    const trip = tripOf({ ...deployment, stage }, tally, now);
    if (trip !== undefined) return [...events, { kind: "tripped", trip }];
    if (deployment.state !== "running") return events;
    if (stage === lastStage(deployment.plan))
      return isFinished(tally) ? [...events, { kind: "finished" }] : events;
    const { counts, census } = tally;
    if (gateOf({ ...deployment, stage, stageOpenedAt }, counts, census, now).kind !== "open")
      return events;
    events.push({ kind: "stage-advanced", stage: stage + 1 });
    stageOpenedAt = now;
  }
}

/** Whether such an end speaks against the release. */
export const isFailure = (outcome: Outcome): boolean =>
  outcome !== "succeeded" && outcome !== "already-running" && outcome !== "aborted";

function tripOf(
  { plan, state, stage, waived }: DeploymentProgress,
  { counts, census }: ProgressTally,
  now: InstantMs,
): TripFacts | undefined {
  if (deploymentStep(state, "trip") === null) return undefined;
  const { errorStop } = present(plan.stages[stage], "a deployment's stage is one of its plan");
  if (errorStop === undefined) return undefined;

  const { kinds } = errorStop;
  // A late report can turn a failure that was let pass into a success, hence the bounds at zero.
  const failed = Math.max(0, failuresOf(counts, kinds) - failuresOf(waived, kinds));
  const finished = Math.max(failed, finishedOf(counts) - finishedOf(waived));
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

/** Over when somebody took part and nobody is left; a target that is empty for the moment finishes nothing. */
function isFinished({ counts, isAnyoneLeft }: ProgressTally): boolean {
  const ended = finishedOf(counts) + counts.alreadyRunning + counts.aborted;
  return counts.open === 0 && !isAnyoneLeft && ended > 0;
}
