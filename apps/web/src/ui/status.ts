import type {
  AssignmentState,
  BulkChange,
  Deployment,
  DeploymentState,
  Device,
  DeviceContact,
  DeviceState,
  Outcome,
} from "@moult/model";
import type { ShapeName } from "./shape.tsx";
import type { Tone } from "./tone.ts";

/**
 * Every state the console can show, as word, shape and tone: exhaustive by type, so that a new state does not compile
 * without a word. A word has one meaning in the whole product.
 */
export interface Status {
  readonly word: string;
  readonly shape: ShapeName;
  readonly tone: Tone;
  /** What the word means, as a person would say it. */
  readonly sentence: string;
}

const status = (word: string, shape: ShapeName, tone: Tone, sentence: string): Status => ({
  word,
  shape,
  tone,
  sentence,
});

export const DEVICE_STATE: Readonly<Record<DeviceState, Status>> = {
  pending: status("asks to join", "plus-dashed", "warn", "It waits for somebody to accept it."),
  accepted: status("accepted", "check-circle", "good", "It takes updates."),
  rejected: status("refused", "circle-bar", "wait", "Its key was refused."),
  decommissioned: status("decommissioned", "square-struck", "wait", "It was taken out for good."),
};

export const DEVICE_CONTACT: Readonly<Record<DeviceContact, Status>> = {
  "on-time": status("on time", "check-circle", "good", "It checks in as it should."),
  late: status("late", "clock", "warn", "It should have checked in by now."),
  silent: status("silent", "dotted-circle", "quiet", "It has not been heard of for long."),
  "never-seen": status("never seen", "dotted-circle-dash", "quiet", "It has never checked in."),
};

const UPDATING = status("updating", "ring-arrow", "move", "It is in an update.");
const CONFLICT = status("two machines", "warning", "bad", "Two machines speak with its key.");

/** The one state of a device that matters most. */
export function deviceStatus(
  device: Pick<Device, "state" | "contact" | "identityConflictAt" | "update">,
): Status {
  if (device.state !== "accepted") return DEVICE_STATE[device.state];
  if (device.identityConflictAt !== null) return CONFLICT;
  if (device.update !== null && device.contact !== "silent") return UPDATING;
  return DEVICE_CONTACT[device.contact];
}

export const ASSIGNMENT_STATE: Readonly<Record<AssignmentState, Status>> = {
  offered: status("offered", "ring-1", "move", "It was offered the release and has not begun."),
  downloading: status("downloading", "ring-2", "move", "It downloads."),
  installing: status("installing", "ring-3", "move", "It installs."),
  activating: status("restarting", "ring-4", "move", "It activates what it installed."),
  proving: status("trying", "ring-5", "move", "It runs the release and proves it."),
  "rolling-back": status("rolling back", "u-turn", "warn", "It goes back to what it ran before."),
  "retry-pending": status("tries again", "clock-arrow", "wait", "A try failed; another follows."),
  closed: status("closed", "circle", "wait", "It has ended."),
};

export const OUTCOME: Readonly<Record<Outcome, Status>> = {
  succeeded: status("succeeded", "check-circle", "good", "It runs the release."),
  "already-running": status("already running", "check-circle", "good", "It ran it before."),
  failed: status("failed", "octagon-cross", "bad", "The update failed."),
  "rolled-back": status("rolled back", "u-turn", "warn", "It runs what it ran before."),
  rejected: status("rejected", "circle-bar", "bad", "The device refused the release."),
  "timed-out": status("timed out", "clock-cross", "bad", "No report came in the time it had."),
  silent: status("silent", "dotted-circle", "quiet", "It took the release and was not heard of."),
  aborted: status("cancelled", "square", "wait", "The deployment ended before it did."),
};

/** Of an assignment: how it ended, or what it does now. */
export const assignmentStatus = (assignment: {
  readonly state: AssignmentState;
  readonly outcome: Outcome | null;
}): Status =>
  assignment.outcome === null ? ASSIGNMENT_STATE[assignment.state] : OUTCOME[assignment.outcome];

export const DEPLOYMENT_STATE: Readonly<Record<DeploymentState, Status>> = {
  running: status("running", "triangle", "move", "It gives out offers."),
  paused: status("paused", "bars", "warn", "Nobody new starts until it is resumed."),
  tripped: status("stopped itself", "octagon-bar", "bad", "Its limit on failures was reached."),
  finished: status("finished", "check-circle", "good", "It reached every device of its target."),
  aborted: status("aborted", "square", "wait", "A person ended it."),
};

const FINISHED_WITH_FAILURES = status(
  "finished with failures",
  "check-notch",
  "warn",
  "Every device has ended, not all of them well.",
);

export function deploymentStatus(deployment: Pick<Deployment, "state" | "tally">): Status {
  const { failed, rolledBack, rejected, timedOut, silent } = deployment.tally;
  const isAllWell = failed + rolledBack + rejected + timedOut + silent === 0;
  return deployment.state === "finished" && !isAllWell
    ? FINISHED_WITH_FAILURES
    : DEPLOYMENT_STATE[deployment.state];
}

export type StageState = "next" | "running" | "passed" | "stopped" | "skipped";

export const STAGE_STATE: Readonly<Record<StageState, Status>> = {
  next: status("next", "diamond", "wait", "It has not begun."),
  running: status("running", "diamond-half", "move", "Its devices are being updated."),
  passed: status("passed", "diamond-check", "good", "Enough of its devices succeeded."),
  stopped: status("stopped", "diamond-bar", "bad", "The deployment stopped in it."),
  skipped: status("skipped", "diamond-dashed", "wait", "It never began."),
};

export const BULK_CHANGE_STATE: Readonly<Record<BulkChange["state"], Status>> = {
  running: status("running", "ring-arrow", "move", "The server works through its devices."),
  finished: status("finished", "check-circle", "good", "Every one of its devices was looked at."),
};
