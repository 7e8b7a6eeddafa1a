import { entry, type CommandEntry } from "./command-entry.ts";

/** Of single devices, and of all that a filter fits. */
export const DEVICE_COMMANDS: readonly CommandEntry[] = [
  entry(
    "device list",
    "List devices",
    async () => (await import("../commands/device-list.ts")).deviceList,
  ),
  entry(
    "device count",
    "Count devices, by filters or by what they are",
    async () => (await import("../commands/device-count.ts")).deviceCount,
  ),
  entry(
    "device attributes",
    "List what devices report about themselves",
    async () => (await import("../commands/device-attributes.ts")).deviceAttributes,
  ),
  entry(
    "device show",
    "Show a device",
    async () => (await import("../commands/device-show.ts")).deviceShow,
  ),
  entry(
    "device why",
    "Tell why a device is not updating",
    async () => (await import("../commands/device-why.ts")).deviceWhy,
  ),
  entry(
    "device timeline",
    "Show what happened to a device",
    async () => (await import("../commands/device-timeline.ts")).deviceTimeline,
  ),
  entry(
    "device receipts",
    "Show, check or export what the device swore of its updates",
    async () => (await import("../commands/device-receipts.ts")).deviceReceipts,
  ),
  entry(
    "device updates",
    "List the updates of a device",
    async () => (await import("../commands/device-updates.ts")).deviceUpdates,
  ),
  entry(
    "device rename",
    "Give a device a name for people",
    async () => (await import("../commands/device-rename.ts")).deviceRename,
  ),
  entry(
    "device hold",
    "Let no deployment offer a device anything",
    async () => (await import("../commands/device-hold.ts")).deviceHold,
  ),
  entry(
    "device release",
    "Let deployments go on with a device that is held",
    async () => (await import("../commands/device-release.ts")).deviceRelease,
  ),
  entry(
    "device configure",
    "Show or change the settings that are wanted of a device",
    async () => (await import("../commands/device-configure.ts")).deviceConfigure,
  ),
  entry(
    "device accept",
    "Let devices take updates",
    async () => (await import("../commands/device-accept.ts")).deviceAccept,
  ),
  entry(
    "device reject",
    "Keep devices out",
    async () => (await import("../commands/device-reject.ts")).deviceReject,
  ),
  entry(
    "device decommission",
    "Take devices out for good",
    async () => (await import("../commands/device-decommission.ts")).deviceDecommission,
  ),
  entry(
    "device preauthorise",
    "Accept a device before it asks to join",
    async () => (await import("../commands/device-preauthorise.ts")).devicePreauthorise,
  ),
  entry(
    "device enrol-command",
    "Print a command that makes a device of a Linux machine",
    async () => (await import("../commands/device-enrol-command.ts")).deviceEnrolCommand,
  ),
  entry(
    "device provision",
    "Write the file that a device starts with",
    async () => (await import("../commands/device-provision.ts")).deviceProvision,
  ),
];
