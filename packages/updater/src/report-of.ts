import { present, unreachable } from "@moult/base";
import type { UpdateOutcome, UpdateReport } from "./effect.ts";
import { isRejection } from "./failure-code.ts";
import type { Hold, HoldPoint } from "@moult/model";
import type { UpdateState, Verdict } from "./update-state.ts";

/** The report that belongs to being in `state`, with its number, or undefined when the state is none of the server's business. */
export function reportOf(state: UpdateState): UpdateReport | undefined {
  switch (state.kind) {
    case "waiting-to-download":
      return deferred(state.sequence, "download", state.holds);
    case "waiting-to-install":
      return deferred(state.job.sequence, "install", state.holds);
    case "waiting-to-reboot":
      return deferred(state.job.sequence, "reboot", state.holds);
    case "downloading":
      return {
        kind: "downloading",
        sequence: state.sequence,
        progressPercent: state.percent,
      };
    case "installing":
      return { kind: "installing", sequence: state.job.sequence };
    case "activating":
    case "rebooting":
      return { kind: "activating", sequence: state.job.sequence };
    case "proving":
      return { kind: "proving", sequence: state.job.sequence };
    case "rolling-back": {
      const { sequence, verdict } = state.job;
      const failure = present(verdict.failure, "a rollback has a reason");
      return { kind: "rolling-back", sequence, ...failure };
    }
    case "reporting":
      return {
        kind: "finished",
        sequence: state.sequence,
        outcome: outcomeOf(state.verdict),
        ...state.verdict.failure,
      };
    case "idle":
    case "unpacking":
    case "verifying":
    case "awaiting-decision":
    case "committing":
    case "leaving-commit":
    case "rollback-rebooting":
    case "verifying-rollback":
    case "asking-server":
    case "failing":
    case "cleaning-up":
      return undefined;
    default:
      return unreachable(state);
  }
}

/** A device that was not asked yet, or may go on, has nothing to tell. */
function deferred(
  sequence: number,
  before: HoldPoint,
  holds: readonly Hold[],
): UpdateReport | undefined {
  return holds.length === 0 ? undefined : { kind: "deferred", sequence, before, holds };
}

/** How an attempt ended, from what was tracked of it. */
export function outcomeOf(verdict: Verdict): UpdateOutcome {
  if (verdict.failure === null) return "succeeded";
  if (verdict.rollback === "succeeded") return "rolled-back";
  if (verdict.rollback !== "none") return "failed";
  const { code } = verdict.failure;
  if (code === "withdrawn" || code === "held-too-long") return "aborted";
  return isRejection(code) ? "rejected" : "failed";
}
