import { unreachable } from "@moult/base";
import { nextBeforeInstall } from "./next-before-install.ts";
import { nextBackward } from "./next-backward.ts";
import { nextForward } from "./next-forward.ts";
import { reportOf } from "./report-of.ts";
import { inconsistentRunning } from "./inconsistent-running.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import { DETAIL_CHARACTERS_MAX, type StateOf, type UpdateState } from "./update-state.ts";

// The life cycle of an update. Names in brackets are Mender's, whose update modules and state scripts run unchanged.
//
//   idle -> downloading -> unpacking [Download] -> installing [ArtifactInstall]
//        -> activating, or rebooting [ArtifactReboot] when the installer needs one
//        -> verifying [ArtifactVerifyReboot] -> proving: healthy, server reached, still healthy
//        -> committing [ArtifactCommit] -> leaving-commit [ArtifactCommit_Leave] -> cleaning-up [Cleanup]
//        -> reporting -> idle
//
//   A failure up to unpacking:          -> cleaning-up.
//   A failure from installing to committing, when the installer can roll back:
//        -> rolling-back [ArtifactRollback] -> rollback-rebooting [ArtifactRollbackReboot], when one was called for
//        -> verifying-rollback [ArtifactVerifyRollbackReboot] -> failing [ArtifactFailure] -> cleaning-up
//   when it cannot, or the rollback fails:
//        -> failing -> cleaning-up, and the device says it runs "<new>_INCONSISTENT".
//   A failure while leaving-commit, which can no longer be undone:
//        -> cleaning-up, and the device says it runs "<new>_INCONSISTENT".
//   The reboot of the way back is asked for after the rollback when the installation had not got so far as to say: a
//   machine that lost power half-way may have come up with the new software.
//   Standalone (no server): proving asks for health alone, then awaiting-decision until a person commits or rolls
//   back; an installer that cannot roll back is committed at once. Such an installation never reboots by itself.
//
// What a start finds (after a loss of power, a crash or a restart of the agent), and what follows:
//
//   saved state         Mender's              follows
//   idle                -                     stays
//   downloading         -                     goes on downloading: nothing was handed to an installer yet
//   unpacking           update-store          cleaning-up, failed: power-lost
//   installing          update-install        rolling back
//   activating          update-install        rolling back
//   rebooting           reboot                verifying; in the same boot, when the agent reboots: again
//   verifying           after-reboot          rolling back
//   proving             update-commit         rolling back
//   awaiting-decision   standalone-state      stays
//   committing          update-commit         rolling back
//   leaving-commit      update-after-commit   again
//   rolling-back        rollback              again
//   rollback-rebooting  rollback-reboot       verifying-rollback; in the same boot, when the agent reboots: again
//   verifying-rollback  after-rollback-reboot again
//   failing             update-error          again
//   cleaning-up         cleanup               again
//   reporting           -                     again

/**
 * States one update may save. A good one needs 10 and a rolled-back one 14; an update that reaches this many goes in
 * circles, typically a device that reboots before it can verify its rollback. Mender counts to 28 as well.
 */
export const STEPS_MAX = 28;

/** Further tries to clean up, for the device whose cleaning itself ends in a crash. */
const CLEAN_UPS_MAX = 4;

/** The state after `event`. The very same object when the event does not apply to the state; never throws for an event. */
export function next(state: UpdateState, event: UpdateEvent, facts: UpdateFacts): UpdateState {
  const after = decide(state, event, facts);
  return after === state ? state : guarded(counted(state, after));
}

/** What a saved state becomes when the agent starts. */
export function recover(saved: UpdateState, facts: UpdateFacts): UpdateState {
  return next(saved, { kind: "started" }, facts);
}

function decide(state: UpdateState, event: UpdateEvent, facts: UpdateFacts): UpdateState {
  switch (state.kind) {
    case "idle":
    case "downloading":
    case "unpacking":
      return nextBeforeInstall(state, event);
    case "installing":
    case "activating":
    case "rebooting":
    case "verifying":
    case "proving":
    case "awaiting-decision":
    case "committing":
    case "leaving-commit":
      return nextForward(state, event, facts);
    case "rolling-back":
    case "rollback-rebooting":
    case "verifying-rollback":
    case "failing":
    case "cleaning-up":
    case "reporting":
      return nextBackward(state, event, facts);
    default:
      return unreachable(state);
  }
}

/** Numbers the report that belongs to a new place in the life cycle, and counts the step. */
function counted(before: UpdateState, after: UpdateState): UpdateState {
  if (after.kind === "idle") return after;
  const isNews =
    reportOf(after) !== undefined &&
    (before.kind !== after.kind ||
      (before.kind === "downloading" &&
        after.kind === "downloading" &&
        before.percent !== after.percent));
  const sequence = sequenceOf(before) + (isNews ? 1 : 0);
  if (after.kind === "downloading" || after.kind === "reporting") return { ...after, sequence };
  const steps = stepsOf(before) + 1;
  if (after.kind === "cleaning-up") return { ...after, sequence, steps };
  return { ...after, job: { ...after.job, sequence, steps } };
}

function sequenceOf(state: UpdateState): number {
  if (state.kind === "idle") return 0;
  return "job" in state ? state.job.sequence : state.sequence;
}

function stepsOf(state: UpdateState): number {
  if ("job" in state) return state.job.steps;
  return state.kind === "cleaning-up" ? state.steps : 0;
}

function guarded(state: UpdateState): UpdateState {
  if ("job" in state) return state.job.steps > STEPS_MAX ? abandoned(state) : state;
  if (state.kind !== "cleaning-up" || state.steps <= STEPS_MAX + CLEAN_UPS_MAX) return state;
  const { running, lastAssignment, update, artifact, sequence, verdict } = state;
  return {
    kind: "reporting",
    running,
    lastAssignment,
    update,
    artifact,
    sequence: sequence + 1,
    verdict,
  };
}

function abandoned(
  state: Exclude<UpdateState, { kind: "idle" | "downloading" | "cleaning-up" | "reporting" }>,
): StateOf<"cleaning-up"> {
  const { update, artifact, sequence, steps, verdict } = state.job;
  const cause = verdict.failure;
  const detail =
    `${state.kind} was reached after ${steps} saved states` +
    (cause === null ? "" : `; at first ${cause.code}: ${cause.detail}`);
  return {
    kind: "cleaning-up",
    running: inconsistentRunning(state.running, artifact),
    lastAssignment: state.lastAssignment,
    update,
    artifact,
    sequence,
    steps,
    verdict: {
      failure: { code: "state-loop", detail: detail.slice(0, DETAIL_CHARACTERS_MAX) },
      rollback: "failed",
    },
  };
}
