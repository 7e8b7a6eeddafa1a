import { updateId, type AssignmentUpdate, type StateOf, type Update } from "./update-state.ts";

type Waiting = StateOf<"waiting-to-download" | "waiting-to-install" | "waiting-to-reboot">;

/**
 * The offer of the update that waits, again: what was told of when it may go on replaces what was told before. While an update
 * works nothing is changed about it; the server says it again.
 */
export function toldAgain<State extends Waiting>(state: State, offered: Update): State {
  const { update } = "job" in state ? state.job : state;
  if (update.kind !== "assignment" || offered.kind !== "assignment") return state;
  if (updateId(update) !== updateId(offered)) return state;
  if (isToldAlike(update, offered)) return state;
  const told: Update = { ...update, windows: offered.windows, mode: offered.mode };
  return "job" in state
    ? { ...state, job: { ...state.job, update: told } }
    : { ...state, update: told };
}

/** Whether two offers say the same of when the update may go on, and what may be had against it. */
export const isToldAlike = (left: AssignmentUpdate, right: AssignmentUpdate): boolean =>
  JSON.stringify([left.windows, left.mode]) === JSON.stringify([right.windows, right.mode]);
