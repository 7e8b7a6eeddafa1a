import type { Device } from "@moult/model";
import { type Column } from "../terminal/table-text.ts";
import type { TextStyle } from "../terminal/terminal.ts";
import { ageText, timeText } from "../terminal/time-text.ts";

const STATE_STYLES: Readonly<Record<Device["state"], TextStyle>> = {
  pending: "yellow",
  accepted: "green",
  rejected: "red",
  decommissioned: "dim",
};

export const DEVICE_COLUMNS: readonly Column<Device>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: deviceName },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "HARDWARE", text: ({ hardwareType }) => hardwareType },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => STATE_STYLES[state] },
  { title: "RUNS", text: ({ running }) => running?.artifactName ?? "" },
  {
    title: "LAST SEEN",
    text: ({ lastSeenAt }) => (lastSeenAt === null ? "never" : ageText(lastSeenAt, Date.now())),
  },
];

/** Its name, or what its maker tells it by. */
export function deviceName({ name, identity }: Pick<Device, "name" | "identity">): string {
  return name ?? pairsText(identity);
}

/** `mac=00:11, serial=7`. */
export const pairsText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

export function deviceFacts(device: Device): readonly (readonly [string, string | undefined])[] {
  const { running, traits, lastSeenAt, identityConflictAt } = device;
  return [
    ["Device", device.id],
    ["Name", device.name ?? undefined],
    ["Product", device.product],
    ["Hardware type", device.hardwareType],
    ["Identity", pairsText(device.identity)],
    ["State", device.state],
    ["Runs", running?.artifactName],
    ["Key", device.keyFingerprint ?? undefined],
    ["Key that asks", device.pendingKeyFingerprint ?? undefined],
    [
      "Two machines",
      identityConflictAt === null ? undefined : `since ${timeText(identityConflictAt)}`,
    ],
    ["Client", traits === null ? undefined : `${traits.client}, ${traits.trust}`],
    ["Groups", device.groupIds.length === 0 ? undefined : device.groupIds.join("\n")],
    ["In an update", device.openAssignmentId ?? undefined],
    ["Enrolled", timeText(device.enrolledAt)],
    ["Last seen", lastSeenAt === null ? "never" : timeText(lastSeenAt)],
  ];
}
