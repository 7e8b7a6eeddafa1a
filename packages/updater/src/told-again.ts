import { updateId, type StateOf, type Update } from "./update-state.ts";

type Waiting = StateOf<"waiting-to-download" | "waiting-to-install" | "waiting-to-reboot">;

/**
 * The offer of the update that waits, again: what was told of when it may go on replaces what was told before. While an update
 * works nothing is changed about it; the server says it again.
 */
export function toldAgain<State extends Waiting>(state: State, offered: Update): State {
  const { update } = "job" in state ? state.job : state;
  if (update.kind !== "assignment" || offered.kind !== "assignment") return state;
  if (updateId(update) !== updateId(offered)) return state;
  if (JSON.stringify(update.windows) === JSON.stringify(offered.windows)) return state;
  const told: Update = { ...update, windows: offered.windows };
  return "job" in state
    ? { ...state, job: { ...state.job, update: told } }
    : { ...state, update: told };
}
