import { assert, unreachable } from "@moult/base";
import { cleanUpAfter } from "./clean-up-after.ts";
import { LIFE_CYCLE } from "./life-cycle.ts";
import { STATE_WORDS } from "./life-cycle-words.ts";
import { rebootNeed } from "./reboot-need.ts";
import { rollBackOrFail } from "./roll-back.ts";
import type { UpdateFacts } from "./update-event.ts";
import type { Failure, StateOf, UpdateState } from "./update-state.ts";
import { waitOn } from "./waiting.ts";

// The two events that may come in any state; what they mean is a column of the life-cycle table.

/** What a start makes of a saved state. */
export function started(state: UpdateState, facts: UpdateFacts): UpdateState {
  const { onStart } = LIFE_CYCLE[state.kind];
  switch (onStart) {
    case "stays":
      return state;
    case "waits-on":
      assert("holds" in state, "a state that waits on says what for");
      return waitOn(state, facts);
    case "gives-up":
      assert(state.kind === "unpacking", "only what touched nothing is given up");
      return cleanUpAfter(state, powerLost(state));
    case "rolls-back":
      assert("job" in state, "only what was unpacked is rolled back");
      return rollBackOrFail(state, powerLost(state));
    case "reboot-tells":
      return rebootTells(state, facts);
    case "again":
      return again(state, facts);
    default:
      return unreachable(onStart);
  }
}

/** What it means that the server takes its offer back. */
export function withdrawn(state: UpdateState): UpdateState {
  const { onWithdrawn } = LIFE_CYCLE[state.kind];
  switch (onWithdrawn) {
    case "goes-on":
      return state;
    case "aborts":
      assert(
        state.kind !== "idle" && state.kind !== "cleaning-up" && state.kind !== "reporting",
        "only an update that is under way is aborted",
      );
      return cleanUpAfter(state, {
        code: "withdrawn",
        detail: "the server took the offer back before anything was installed",
      });
    case "takes-back":
      assert("job" in state, "only what was unpacked is taken back");
      // What has no way back goes on.
      if (!state.job.supportsRollback) return state;
      return rollBackOrFail(state, {
        code: "withdrawn",
        detail: "the server took the offer back before the machine was restarted",
      });
    default:
      return unreachable(onWithdrawn);
  }
}

function powerLost({ kind }: UpdateState): Failure {
  const detail = `the agent was interrupted while ${STATE_WORDS[kind].doing}`;
  return { code: "power-lost", detail };
}

/** In the same boot a reboot that is the agent's to do has not happened; in another one something has booted. */
function rebootTells(state: UpdateState, facts: UpdateFacts): UpdateState {
  assert("bootId" in state, "a state about a reboot knows the boot that it shall end");
  const isSystem = rebootNeed(state.job) === "system";
  const isSameBoot = state.bootId === facts.bootId;
  const { running, lastAssignment, job } = state;
  switch (state.kind) {
    case "waiting-to-reboot":
      // What an installer reboots by itself may be less than the machine, so only its own reboot will do.
      if (isSameBoot || !isSystem) return waitOn(state, facts);
      // The reboot that was put off has come by itself. What needs none is put to work now, as it is before a reboot of the
      // agent's; whether the new software came up is for its verification to say.
      return { kind: "activating", running, lastAssignment, job };
    case "rebooting":
      // An installer that reboots by itself may have had its own reasons not to; its verification tells.
      return isSystem && isSameBoot
        ? { ...state }
        : { kind: "verifying", running, lastAssignment, job };
    case "rollback-rebooting":
      return isSystem && isSameBoot
        ? { ...state }
        : { kind: "verifying-rollback", running, lastAssignment, job };
    default:
      return unreachable(state);
  }
}

/** A new object for the same step, so that it is counted. */
function again(state: UpdateState, facts: UpdateFacts): UpdateState {
  if (state.kind === "asking-server") return askAnew(state, facts);
  return { ...state };
}

const askAnew = (
  state: StateOf<"asking-server">,
  facts: UpdateFacts,
): StateOf<"asking-server"> => ({
  ...state,
  deadlineMs: facts.monotonicMs + facts.confirmTimeoutMs,
});
