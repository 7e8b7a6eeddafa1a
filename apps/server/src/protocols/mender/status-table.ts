import * as z from "zod";
import type { ReportedUpdate, UnnumberedReport } from "../../device-session/index.ts";

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

type Meaning = (update: ReportedUpdate, substate: string | undefined) => UnnumberedReport;

const PAUSED = {
  code: "paused-by-device",
  detail: "Its update control or one of its state scripts pauses the update.",
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
  pause_before_installing: () => ({ kind: "deferred", before: "install", holds: [PAUSED] }),
  pause_before_rebooting: () => ({ kind: "deferred", before: "reboot", holds: [PAUSED] }),
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
): UnnumberedReport | undefined =>
  // What was taken back makes no progress any more; how it ended counts all the same.
  update.isTakenBack && !isLast(status) ? undefined : MEANINGS[status](update, substate);

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
