import { Running } from "@moult/model";
import * as z from "zod";
import { Verdict, updateId, type UpdateState } from "./update-state.ts";

/**
 * How an update ended, for an agent of whatever version: it is no part of the saved state, and its form never changes.
 * Cleaning up removes the way back, so an agent that comes back after it must not look for one and take nothing found for
 * a rollback that worked.
 */
export const UpdateEnd = z.object({
  updateId: z.string(),
  /** What the device says it runs. */
  running: Running,
  sequence: z.int().min(0),
  verdict: Verdict,
});
export type UpdateEnd = z.infer<typeof UpdateEnd>;

/** What `state` has to say of an end; undefined when it is none. */
export function endOf(state: UpdateState): UpdateEnd | undefined {
  if (state.kind !== "cleaning-up") return undefined;
  const { update, running, sequence, verdict } = state;
  return { updateId: updateId(update), running, sequence, verdict };
}

/** `state`, of an agent that another one has ended the update for. The very same object when the end is of no concern to it. */
export function endedBy(state: UpdateState, end: UpdateEnd): UpdateState {
  if (state.kind === "idle" || state.kind === "cleaning-up" || state.kind === "reporting")
    return state;
  const { update, artifact, steps } =
    "job" in state ? state.job : { ...state, artifact: null, steps: 0 };
  if (updateId(update) !== end.updateId) return state;
  const { running, sequence, verdict } = end;
  const { lastAssignment } = state;
  return {
    kind: "cleaning-up",
    running,
    lastAssignment,
    update,
    artifact,
    sequence,
    steps,
    verdict,
  };
}
