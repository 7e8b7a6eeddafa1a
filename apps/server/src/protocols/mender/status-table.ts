import type { InstantMs } from "@moult/base";
import * as z from "zod";
import {
  stepHolds,
  type ReportedUpdate,
  type UnnumberedReport,
} from "../../device-session/index.ts";

/** What a device says of its update; other statuses are a server's alone. */
export const DeviceStatus = z.enum([
  "downloading",
  "installing",
  "rebooting",
  "pause_before_installing",
  "pause_before_rebooting",
  "pause_before_committing",
  "success",
  "failure",
  "already-installed",
]);
export type DeviceStatus = z.infer<typeof DeviceStatus>;

type Meaning = (
  update: ReportedUpdate,
  substate: string | undefined,
  now: InstantMs,
) => UnnumberedReport;

const PAUSED = {
  code: "paused-by-device",
  detail: "A control map of its own makes its client pause the update.",
};

/** It had installed the release, and restarted or was about to commit: whatever it runs now, it came back from there. */
export const isPastInstall = ({ state }: Pick<ReportedUpdate, "state">): boolean =>
  state === "activating" || state === "proving" || state === "rolling-back";

/**
 * The one table of Mender's statuses. `installing` is said twice: before the installation, and before the commit, after the
 * restart if there is one. `success` is said after the commit, by the software that was installed. A device that gives up says only `failure`;
 * past the installation that is a way back.
 */
const MEANINGS: Readonly<Record<DeviceStatus, Meaning>> = {
  downloading: () => ({ kind: "downloading", progressPercent: 0 }),
  installing: ({ state }) => ({
    kind: state === "offered" || state === "downloading" ? "installing" : "proving",
  }),
  rebooting: () => ({ kind: "activating" }),
  pause_before_installing: (update, _, now) => pausedBefore("install", update, now),
  pause_before_rebooting: (update, _, now) => pausedBefore("reboot", update, now),
  pause_before_committing: () => ({ kind: "proving" }),
  success: ({ runningAfter }) => succeeded(runningAfter),
  "already-installed": ({ runningAfter }) => succeeded(runningAfter),
  failure: (update, substate) => {
    const { running, isTakenBack } = update;
    if (isTakenBack) return { kind: "finished", outcome: "aborted", code: "withdrawn", running };
    return {
      kind: "finished",
      outcome: isPastInstall(update) ? "rolled-back" : "failed",
      code: "reported-failure",
      detail: substate ?? "The device's client reported a failure; its log says more.",
      running,
    };
  },
};

/** What its plan has against the step, as its control map says it; of what else makes it pause the client says nothing. */
function pausedBefore(
  before: "install" | "reboot",
  { terms }: Pick<ReportedUpdate, "terms">,
  now: InstantMs,
): UnnumberedReport {
  const holds = stepHolds(terms, before, now);
  return { kind: "deferred", before, holds: holds.length === 0 ? [PAUSED] : [...holds] };
}

/** A device that asks for its control map again while it pauses: why it does may be another reason by now. */
export const stillPaused = (
  update: ReportedUpdate,
  now: InstantMs,
): UnnumberedReport | undefined => {
  const { putsOff: before, terms } = update;
  return before === null || before === "download" || stepHolds(terms, before, now).length === 0
    ? undefined
    : pausedBefore(before, update, now);
};

const succeeded = (running: ReportedUpdate["running"]): UnnumberedReport => ({
  kind: "finished",
  outcome: "succeeded",
  running,
});

/** After it a device says nothing more of its update. */
export const isLast = (status: DeviceStatus): boolean =>
  status === "success" || status === "failure" || status === "already-installed";

export const meaningOf = (
  status: DeviceStatus,
  update: ReportedUpdate,
  substate: string | undefined,
  now: InstantMs,
): UnnumberedReport | undefined =>
  // What was taken back makes no progress any more; how it ended counts all the same.
  update.isTakenBack && !isLast(status) ? undefined : MEANINGS[status](update, substate, now);

/** A device that asks for updates is in none, so one that should run the release by now and does not came back from it. */
export const cameBack = (update: ReportedUpdate): UnnumberedReport | undefined =>
  isPastInstall(update)
    ? {
        kind: "finished",
        outcome: "rolled-back",
        code: "came-back",
        detail: "It had installed the release, and asked for updates running what it ran before.",
        running: update.running,
      }
    : undefined;
