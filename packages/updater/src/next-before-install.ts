import { unreachable } from "@moult/base";
import { cleanUpAfter } from "./clean-up-after.ts";
import { isNotOpen } from "./opening-hold.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import type { Job, OpenedArtifact, StateOf, Update, UpdateState } from "./update-state.ts";
import { beginWaiting, stepOfWaiting } from "./waiting.ts";

/** Download progress is saved and reported in steps of this, so that a download costs ten writes and not a thousand. */
export const PROGRESS_STEP_PERCENT = 10;

type BeforeInstall = StateOf<
  "idle" | "waiting-to-download" | "downloading" | "unpacking" | "waiting-to-install"
>;

/** From the offer to payloads that are unpacked and verified. Nothing the device runs is touched in these states. */
export function nextBeforeInstall(
  state: BeforeInstall,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  switch (state.kind) {
    case "idle":
      return event.kind === "offered" ? fromIdle(state, event.update, facts) : state;
    case "waiting-to-download":
      return fromWaitingToDownload(state, event, facts);
    case "downloading":
      return fromDownloading(state, event);
    case "unpacking":
      return fromUnpacking(state, event, facts);
    case "waiting-to-install":
      return fromWaitingToInstall(state, event, facts);
    default:
      return unreachable(state);
  }
}

function fromIdle(state: StateOf<"idle">, update: Update, facts: UpdateFacts): UpdateState {
  if (update.kind === "assignment") {
    const last = state.lastAssignment;
    // The server repeats an offer until it has the report of its end.
    if (last?.assignmentId === update.assignmentId && update.attempt <= last.attempt) return state;
  }
  return {
    ...always(state),
    kind: "waiting-to-download",
    update,
    sequence: 0,
    ...beginWaiting(facts),
  };
}

function fromWaitingToDownload(
  state: StateOf<"waiting-to-download">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  const step = stepOfWaiting(state, "download", event, facts);
  switch (step.kind) {
    case "go-on": {
      const { update, sequence } = state;
      return { ...always(state), kind: "downloading", update, sequence, percent: 0 };
    }
    case "wait":
      return { ...state, ...step.part };
    case "give-up":
      return cleanUpAfter(state, step.failure);
    case "nothing":
      return state;
    default:
      return unreachable(step);
  }
}

function fromDownloading(state: StateOf<"downloading">, event: UpdateEvent): UpdateState {
  if (event.kind === "download-progressed") return progressed(state, event.percent);
  if (event.kind === "downloaded") return unpacking(state, event.artifact);
  if (event.kind === "effect-failed" && event.effect === "download")
    return cleanUpAfter(state, event.failure);
  return state;
}

function progressed(state: StateOf<"downloading">, reachedPercent: number): UpdateState {
  const percent = Math.min(100, Math.max(0, Math.floor(reachedPercent)));
  const step = percent - (percent % PROGRESS_STEP_PERCENT);
  return step > state.percent ? { ...state, percent: step } : state;
}

function unpacking(state: StateOf<"downloading">, artifact: OpenedArtifact): StateOf<"unpacking"> {
  const job: Job = {
    update: state.update,
    artifact,
    supportsRollback: false,
    reboots: [],
    sequence: state.sequence,
    steps: 0,
    rollbacks: 0,
    verdict: { failure: null, rollback: "none" },
  };
  return { ...always(state), kind: "unpacking", job };
}

function fromUnpacking(
  state: StateOf<"unpacking">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  if (event.kind === "unpacked") {
    const job = { ...state.job, supportsRollback: event.supportsRollback };
    return { ...always(state), kind: "waiting-to-install", job, ...beginWaiting(facts) };
  }
  if (event.kind === "effect-failed" && event.effect === "unpack")
    return cleanUpAfter(state, event.failure);
  return state;
}

function fromWaitingToInstall(
  state: StateOf<"waiting-to-install">,
  event: UpdateEvent,
  facts: UpdateFacts,
): UpdateState {
  const step = stepOfWaiting(state, "install", event, facts);
  switch (step.kind) {
    case "go-on":
      // Nor by a device that cannot be asked: it is asked again when it is told that it may.
      if (isNotOpen(state.job.update, "install")) return state;
      return { ...always(state), kind: "installing", job: state.job };
    case "wait":
      return { ...state, ...step.part };
    case "give-up":
      return cleanUpAfter(state, step.failure);
    case "nothing":
      return state;
    default:
      return unreachable(step);
  }
}

function always({
  running,
  lastAssignment,
}: UpdateState): Pick<UpdateState, "running" | "lastAssignment"> {
  return { running, lastAssignment };
}
