import { unreachable } from "@moult/base";
import type { FailureCode } from "./failure-code.ts";
import { inconsistentRunning } from "./inconsistent-running.ts";
import { rebootNeed } from "./reboot-need.ts";
import { rollBackOrFail } from "./roll-back.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import type { Failure, Job, StateOf, UpdateState, Verdict } from "./update-state.ts";
import { beginWaiting, stepOfWaiting } from "./waiting.ts";

type Forward = StateOf<
  | "installing"
  | "activating"
  | "waiting-to-reboot"
  | "rebooting"
  | "verifying"
  | "proving"
  | "awaiting-decision"
  | "committing"
  | "leaving-commit"
>;

/** From the installation to a commit that can no longer be undone. */
export function nextForward(state: Forward, event: UpdateEvent, facts: UpdateFacts): UpdateState {
  switch (state.kind) {
    case "installing":
      if (event.kind === "installed") return installed(state, event.reboots, facts);
      return otherwise(state, event, "install");
    case "activating":
      if (event.kind === "activated") return to(state, "verifying");
      return otherwise(state, event, "activate");
    case "waiting-to-reboot":
      return fromWaitingToReboot(state, event, facts);
    case "rebooting":
      if (event.kind === "activated") return to(state, "verifying");
      return otherwise(state, event, "reboot");
    case "verifying":
      if (event.kind === "verified") return proving(state, facts);
      return otherwise(state, event, "verify-activation");
    case "proving":
      return fromProving(state, event);
    case "awaiting-decision":
      if (event.kind === "commit-requested") return to(state, "committing");
      if (event.kind === "rollback-requested") return rollBackByPerson(state);
      return state;
    case "committing":
      // What runs changes in the same write that makes the commit known.
      if (event.kind === "committed")
        return { ...to(state, "leaving-commit"), running: state.job.artifact.runningAfter };
      return otherwise(state, event, "commit");
    case "leaving-commit":
      return fromLeavingCommit(state, event);
    default:
      return unreachable(state);
  }
}

function installed(
  state: StateOf<"installing">,
  reboots: Job["reboots"],
  facts: UpdateFacts,
): UpdateState {
  const job: Job = { ...state.job, reboots };
  if (rebootNeed(job) === "none") return { ...to(state, "activating"), job };
  // Without a server it is the person who reboots, and who decides after it.
  if (job.update.kind === "standalone") return { ...decisionOrCommit(state), job };
  const { running, lastAssignment } = state;
  const { bootId } = facts;
  return {
    kind: "waiting-to-reboot",
    running,
    lastAssignment,
    job,
    bootId,
    ...beginWaiting(facts),
  };
}

function fromWaitingToReboot(
  state: StateOf<"waiting-to-reboot">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  const step = stepOfWaiting(state, "reboot", event, facts);
  switch (step.kind) {
    case "go-on":
      return rebooting(state, facts);
    case "wait":
      return { ...state, ...step.part };
    case "give-up":
      // Half an update is no place to stay: only a person's word takes it back, no lapse of time.
      return step.failure.code === "declined-by-person"
        ? takenBack(state, step.failure)
        : rebooting(state, facts);
    case "nothing":
      return state;
    default:
      return unreachable(step);
  }
}

/** What cannot be taken back goes on. */
const takenBack = (state: StateOf<"waiting-to-reboot">, failure: Failure): UpdateState =>
  state.job.supportsRollback ? rollBackOrFail(state, failure) : state;

function rebooting(state: StateOf<"waiting-to-reboot">, facts: UpdateFacts): StateOf<"rebooting"> {
  const { running, lastAssignment, job } = state;
  return { kind: "rebooting", running, lastAssignment, job, bootId: facts.bootId };
}

function proving(state: StateOf<"verifying">, facts: UpdateFacts): UpdateState {
  const { running, lastAssignment, job } = state;
  const deadlineMs = facts.monotonicMs + facts.confirmTimeoutMs;
  return { kind: "proving", running, lastAssignment, job, stage: "health", deadlineMs };
}

function fromProving(state: StateOf<"proving">, event: UpdateEvent): UpdateState {
  if (event.kind === "health-passed") return healthy(state);
  if (event.kind === "server-reached" && state.stage === "server")
    return { ...state, stage: "health-again" };
  if (event.kind === "deadline-passed") return rollBackOrFail(state, lateness(state.stage));
  if (event.kind === "rollback-requested") return rollBackByPerson(state);
  if (event.kind !== "effect-failed") return state;
  const isTrial = event.effect === "check-health" || event.effect === "reach-server";
  return isTrial ? rollBackOrFail(state, event.failure) : state;
}

function healthy(state: StateOf<"proving">): UpdateState {
  if (state.job.update.kind === "standalone") return decisionOrCommit(state);
  if (state.stage === "health") return { ...state, stage: "server" };
  return state.stage === "health-again" ? to(state, "committing") : state;
}

function lateness(stage: StateOf<"proving">["stage"]): Failure {
  if (stage === "server")
    return {
      code: "server-unreachable",
      detail: "no check-in got through before the confirm deadline",
    };
  return {
    code: "health-check-failed",
    detail: "the new software was not healthy before the confirm deadline",
  };
}

function fromLeavingCommit(state: StateOf<"leaving-commit">, event: UpdateEvent): UpdateState {
  if (event.kind === "effect-failed" && event.effect === "leave-commit")
    return leftCommit(state, { failure: event.failure, rollback: "impossible" });
  return event.kind === "commit-left" ? leftCommit(state, state.job.verdict) : state;
}

/** The new software is permanent. When its last scripts failed it is not told that the update failed: it is what runs. */
function leftCommit(state: StateOf<"leaving-commit">, verdict: Verdict): StateOf<"cleaning-up"> {
  const { running, lastAssignment, job } = state;
  const { update, artifact, sequence, steps } = job;
  return {
    kind: "cleaning-up",
    running: verdict.failure === null ? running : inconsistentRunning(running, artifact),
    lastAssignment,
    update,
    artifact,
    sequence,
    steps,
    verdict,
  };
}

/** The failure of the state's own effect. */
function otherwise(
  state: Forward,
  event: UpdateEvent,
  effect: Extract<UpdateEvent, { kind: "effect-failed" }>["effect"],
): UpdateState {
  const isItsFailure = event.kind === "effect-failed" && event.effect === effect;
  return isItsFailure ? rollBackOrFail(state, event.failure) : state;
}

function rollBackByPerson(state: Forward): UpdateState {
  const code: FailureCode = "rolled-back-by-person";
  return rollBackOrFail(state, { code, detail: "somebody at the device asked to roll back" });
}

/** What cannot be taken back leaves a person nothing to decide. */
function decisionOrCommit(state: Forward): StateOf<"awaiting-decision" | "committing"> {
  return to(state, state.job.supportsRollback ? "awaiting-decision" : "committing");
}

function to<
  Kind extends "activating" | "verifying" | "awaiting-decision" | "committing" | "leaving-commit",
>(
  { running, lastAssignment, job }: Forward,
  kind: Kind,
): { readonly kind: Kind } & Pick<Forward, "running" | "lastAssignment" | "job"> {
  return { kind, running, lastAssignment, job };
}
