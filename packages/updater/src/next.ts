import { unreachable } from "@moult/base";
import { holdAlike } from "./hold-alike.ts";
import { nextBeforeInstall } from "./next-before-install.ts";
import { nextBackward } from "./next-backward.ts";
import { started, withdrawn } from "./next-by-table.ts";
import { nextForward } from "./next-forward.ts";
import type { JobState } from "./roll-back.ts";
import { reportOf } from "./report-of.ts";
import { inconsistentRunning } from "./inconsistent-running.ts";
import { toldAgain } from "./told-again.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import { DETAIL_CHARACTERS_MAX, type StateOf, type UpdateState } from "./update-state.ts";

// The way of an update. The table behind it is life-cycle.ts; docs/protocol/life-cycle.md shows both to people.
//
//   idle -> waiting-to-download -> downloading -> unpacking
//        -> waiting-to-install -> installing
//        -> activating, or waiting-to-reboot -> rebooting when an installer needs one
//        -> verifying -> proving: healthy, server reached, still healthy
//        -> committing -> leaving-commit -> cleaning-up -> reporting -> idle
//
//   A failure up to unpacking, and whatever ends an update that waits to download or to install: -> cleaning-up.
//   A failure from installing to committing, when all installers can roll back:
//        -> rolling-back -> rollback-rebooting, when one was called for -> verifying-rollback
//        -> asking-server, when nothing but the server's silence was wrong -> failing -> cleaning-up
//   when one cannot, or the rollback fails:
//        -> failing -> cleaning-up, and the device says it runs "<new>_INCONSISTENT".
//   A failure while leaving-commit, which can no longer be undone:
//        -> cleaning-up, and the device says it runs "<new>_INCONSISTENT".
//   The reboot of the way back is asked for after the rollback when the installation had not got so far as to say: a
//   machine that lost power half-way may have come up with the new software.
//   Standalone (no server): proving asks for health alone, then awaiting-decision until a person commits or rolls
//   back; an installer that cannot roll back is committed at once. Such an installation never reboots by itself.

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
  return after === state ? state : counted(state, guarded(state, after));
}

/** What a saved state becomes when the agent starts. */
export function recover(saved: UpdateState, facts: UpdateFacts): UpdateState {
  return next(saved, { kind: "started" }, facts);
}

function decide(state: UpdateState, event: UpdateEvent, facts: UpdateFacts): UpdateState {
  if (event.kind === "started") return started(state, facts);
  if (event.kind === "withdrawn") return withdrawn(state);
  if (event.kind === "offered" && isWaiting(state)) return toldAgain(state, event.update);
  switch (state.kind) {
    case "idle":
    case "waiting-to-download":
    case "downloading":
    case "unpacking":
    case "waiting-to-install":
      return nextBeforeInstall(state, event, facts);
    case "installing":
    case "activating":
    case "waiting-to-reboot":
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
    case "asking-server":
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
  const sequence = sequenceOf(before) + (isNews(before, after) ? 1 : 0);
  const steps = stepsAfter(before, after);
  if ("job" in after) return { ...after, job: { ...after.job, sequence, steps } };
  if (after.kind === "cleaning-up") return { ...after, sequence, steps };
  return { ...after, sequence };
}

/** How long a device waits says nothing about whether its update goes in circles. */
function stepsAfter(before: UpdateState, after: UpdateState): number {
  return stepsOf(before) + (isWaiting(after) && after.kind === before.kind ? 0 : 1);
}

function isNews(before: UpdateState, after: UpdateState): boolean {
  if (reportOf(after) === undefined) return false;
  if (before.kind !== after.kind) return true;
  if (before.kind === "downloading" && after.kind === "downloading")
    return before.percent !== after.percent;
  if (!isWaiting(before) || !isWaiting(after)) return false;
  // Who waits says so again whenever the time it waited is saved, so that nobody takes it for silent.
  return before.leftMs !== after.leftMs || !holdAlike(before.holds, after.holds);
}

function sequenceOf(state: UpdateState): number {
  if (state.kind === "idle") return 0;
  return "job" in state ? state.job.sequence : state.sequence;
}

function stepsOf(state: UpdateState): number {
  if ("job" in state) return state.job.steps;
  return state.kind === "cleaning-up" ? state.steps : 0;
}

function isWaiting(
  state: UpdateState,
): state is StateOf<"waiting-to-download" | "waiting-to-install" | "waiting-to-reboot"> {
  return "holds" in state;
}

function guarded(before: UpdateState, after: UpdateState): UpdateState {
  const steps = stepsAfter(before, after);
  if ("job" in after) return steps > STEPS_MAX ? abandoned(after, steps) : after;
  if (after.kind !== "cleaning-up" || steps <= STEPS_MAX + CLEAN_UPS_MAX) return after;
  const { running, lastAssignment, update, artifact, sequence, verdict } = after;
  return { kind: "reporting", running, lastAssignment, update, artifact, sequence, verdict };
}

function abandoned(state: JobState, steps: number): StateOf<"cleaning-up"> {
  const { running, lastAssignment } = state;
  const { update, artifact, sequence, verdict } = state.job;
  const begun = { kind: "cleaning-up", lastAssignment, update, artifact, sequence, steps } as const;
  // The way back was found; what went in circles is only what comes after it.
  if (verdict.rollback === "succeeded") return { ...begun, running, verdict };
  const cause = verdict.failure;
  const detail =
    `${state.kind} was reached after ${steps} saved states` +
    (cause === null ? "" : `; at first ${cause.code}: ${cause.detail}`);
  return {
    ...begun,
    running: inconsistentRunning(running, artifact),
    verdict: {
      failure: { code: "state-loop", detail: detail.slice(0, DETAIL_CHARACTERS_MAX) },
      rollback: "failed",
    },
  };
}
