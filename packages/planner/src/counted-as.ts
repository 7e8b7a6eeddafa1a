import type { AssignmentState, Outcome, Tally } from "@moult/model";
import { isUnderWay } from "./assignment-transitions.ts";

/** A counter of a deployment that its devices move between; `admitted` only grows. */
export type TallyCounter = Exclude<keyof Tally, "eligible" | "admitted">;

/** The counter of those that ended so. */
export const COUNTER_OF = {
  succeeded: "succeeded",
  "already-running": "alreadyRunning",
  failed: "failed",
  "rolled-back": "rolledBack",
  rejected: "rejected",
  "timed-out": "timedOut",
  silent: "silent",
  aborted: "aborted",
} as const satisfies Readonly<Record<Outcome, TallyCounter>>;

/**
 * The one counter that an assignment is in; null while it waits for its next try. Whatever changes an assignment takes
 * it from the counter before and adds it to the one after, in the same transaction, so the counters are the rows.
 */
export function countedAs(assignment: {
  readonly state: AssignmentState;
  readonly outcome: Outcome | null;
}): TallyCounter | null {
  if (isUnderWay(assignment.state)) return "open";
  return assignment.outcome === null ? null : COUNTER_OF[assignment.outcome];
}
