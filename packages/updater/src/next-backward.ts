import { unreachable } from "@moult/base";
import { inconsistentRunning } from "./inconsistent-running.ts";
import { rebootNeed } from "./reboot-need.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import {
  DETAIL_CHARACTERS_MAX,
  type Failure,
  type Job,
  type StateOf,
  type UpdateState,
  type Verdict,
} from "./update-state.ts";

/**
 * Tries of a rollback that needs no reboot, before the device says that it failed. One with reboots is tried until the
 * step counter ends it, as Mender does: each further boot is another chance for the old system.
 */
const ROLLBACKS_MAX = 3;

type Backward = StateOf<
  | "rolling-back"
  | "rollback-rebooting"
  | "verifying-rollback"
  | "asking-server"
  | "failing"
  | "cleaning-up"
  | "reporting"
>;

/** The way back, and the end that all updates share. */
export function nextBackward(state: Backward, event: UpdateEvent, facts: UpdateFacts): UpdateState {
  switch (state.kind) {
    case "rolling-back":
      return fromRollingBack(state, event, facts);
    case "rollback-rebooting":
      return fromRollbackRebooting(state, event);
    case "verifying-rollback":
      return fromVerifyingRollback(state, event, facts);
    case "asking-server":
      return fromAskingServer(state, event);
    case "failing":
      if (event.kind === "failure-handled") return cleaningUp(state);
      if (isFailureOf(event, "handle-failure")) return cleaningUp(state);
      return state;
    case "cleaning-up":
      // What could not be removed is in the log and does not change how the update ended.
      if (event.kind === "cleaned-up" || isFailureOf(event, "clean-up")) return reporting(state);
      return state;
    case "reporting":
      return event.kind === "reported" && event.sequence === state.sequence ? idle(state) : state;
    default:
      return unreachable(state);
  }
}

function fromRollingBack(
  state: StateOf<"rolling-back">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  const { running, lastAssignment, job } = state;
  if (event.kind === "rolled-back") {
    const back = { ...state, job: { ...job, reboots: event.reboots } };
    return needsReboot(back.job)
      ? rollbackRebooting(back, facts)
      : { kind: "verifying-rollback", running, lastAssignment, job: back.job };
  }
  if (isFailureOf(event, "roll-back")) return lost(state, event.failure);
  return state;
}

function fromRollbackRebooting(
  state: StateOf<"rollback-rebooting">,
  event: UpdateEvent,
): UpdateState {
  const { running, lastAssignment, job } = state;
  // A reboot that is said to have failed may have happened all the same: what runs is for the verification to say.
  if (event.kind === "rollback-rebooted" || isFailureOf(event, "reboot-rollback"))
    return { kind: "verifying-rollback", running, lastAssignment, job };
  return state;
}

function fromVerifyingRollback(
  state: StateOf<"verifying-rollback">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  if (event.kind === "rollback-verified") return takenBack(state, facts);
  if (!isFailureOf(event, "verify-rollback")) return state;

  const { running, lastAssignment } = state;
  const job = { ...state.job, rollbacks: state.job.rollbacks + 1 };
  if (needsReboot(job)) return rollbackRebooting({ ...state, job }, facts);
  if (state.job.rollbacks >= ROLLBACKS_MAX) return lost(state, event.failure);
  return { kind: "rolling-back", running, lastAssignment, job };
}

/** Silence of the server may be the server's: the old software asks as well before the release is blamed for it. */
function takenBack(state: StateOf<"verifying-rollback">, facts: UpdateFacts): UpdateState {
  const { running, lastAssignment, job } = state;
  const verdict = { ...job.verdict, rollback: "succeeded" as const };
  if (verdict.failure?.code !== "server-unreachable") return failing(state, verdict);
  const deadlineMs = facts.monotonicMs + facts.confirmTimeoutMs;
  const asked = { ...job, verdict };
  return { kind: "asking-server", running, lastAssignment, job: asked, deadlineMs };
}

function fromAskingServer(state: StateOf<"asking-server">, event: UpdateEvent): UpdateState {
  if (event.kind === "server-reached")
    return failing(state, {
      failure: {
        code: "connection-lost",
        detail: "no check-in of the new software got through; one of the old software did",
      },
    });
  if (event.kind === "deadline-passed" || isFailureOf(event, "reach-server"))
    return failing(state, {
      failure: {
        code: "server-unreachable",
        detail: "no check-in got through, of the new software or of the old",
      },
    });
  return state;
}

type EffectFailed = Extract<UpdateEvent, { kind: "effect-failed" }>;

function isFailureOf(event: UpdateEvent, effect: EffectFailed["effect"]): event is EffectFailed {
  return event.kind === "effect-failed" && event.effect === effect;
}

/** A reboot takes back what a reboot put to work; a standalone installation left both to the person. */
function needsReboot(job: Job): boolean {
  return rebootNeed(job) !== "none" && job.update.kind === "assignment";
}

function rollbackRebooting(state: Backward & { job: Job }, facts: UpdateFacts): UpdateState {
  const { running, lastAssignment, job } = state;
  return { kind: "rollback-rebooting", running, lastAssignment, job, bootId: facts.bootId };
}

/** The rollback failed: the first failure stays the cause, and says how it went on. */
function lost(state: Backward & { job: Job }, then: Failure): StateOf<"failing"> {
  const { failure } = state.job.verdict;
  const first = failure === null ? "" : `${failure.detail}; `;
  const detail = `${first}then the rollback failed: ${then.code}: ${then.detail}`;
  return failing(state, {
    rollback: "failed",
    failure: { code: failure?.code ?? then.code, detail: detail.slice(0, DETAIL_CHARACTERS_MAX) },
  });
}

function failing(state: Backward & { job: Job }, ending: Partial<Verdict>): StateOf<"failing"> {
  const { running, lastAssignment, job } = state;
  const verdict = { ...job.verdict, ...ending };
  return { kind: "failing", running, lastAssignment, job: { ...job, verdict } };
}

function cleaningUp(state: StateOf<"failing">): StateOf<"cleaning-up"> {
  const { running, lastAssignment, job } = state;
  const { update, artifact, sequence, steps, verdict } = job;
  const isConsistent = verdict.rollback === "succeeded";
  return {
    kind: "cleaning-up",
    running: isConsistent ? running : inconsistentRunning(running, artifact),
    lastAssignment,
    update,
    artifact,
    sequence,
    steps,
    verdict,
  };
}

function reporting(state: StateOf<"cleaning-up">): StateOf<"reporting"> {
  const { running, lastAssignment, update, artifact, sequence, verdict } = state;
  return { kind: "reporting", running, lastAssignment, update, artifact, sequence, verdict };
}

function idle(state: StateOf<"reporting">): StateOf<"idle"> {
  const { running, update } = state;
  const lastAssignment =
    update.kind === "assignment"
      ? { assignmentId: update.assignmentId, attempt: update.attempt }
      : state.lastAssignment;
  return { kind: "idle", running, lastAssignment };
}
