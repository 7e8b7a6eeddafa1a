import type { Failure, Job, StateOf, UpdateState } from "./update-state.ts";

/** A state of an update that was unpacked. */
export type JobState = Extract<UpdateState, { job: Job }>;

/** Begins the way back, or the end when there is none. */
export function rollBackOrFail(
  { running, lastAssignment, job }: JobState,
  failure: Failure,
): StateOf<"rolling-back" | "failing"> {
  const always = { running, lastAssignment };
  if (!job.supportsRollback)
    return {
      ...always,
      kind: "failing",
      job: { ...job, verdict: { failure, rollback: "impossible" } },
    };
  return {
    ...always,
    kind: "rolling-back",
    job: { ...job, rollbacks: 1, verdict: { failure, rollback: "running" } },
  };
}
