import { deviceLabel, type Device, type DeviceRow } from "@moult/model";
import { type Column } from "../terminal/table-text.ts";
import type { TextStyle } from "../terminal/terminal.ts";
import { ageText, timeText } from "../terminal/time-text.ts";

const STATE_STYLES: Readonly<Record<Device["state"], TextStyle>> = {
  pending: "yellow",
  accepted: "green",
  rejected: "red",
  decommissioned: "dim",
};

const CONTACT_STYLES: Readonly<Record<Device["contact"], TextStyle>> = {
  "on-time": "green",
  late: "yellow",
  silent: "red",
  "never-seen": "dim",
};

export const DEVICE_COLUMNS: readonly Column<DeviceRow>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: deviceLabel },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "HARDWARE", text: ({ hardwareType }) => hardwareType },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => STATE_STYLES[state] },
  { title: "RUNS", text: runsText },
  {
    title: "LAST SEEN",
    text: ({ lastSeenAt }) => (lastSeenAt === null ? "never" : ageText(lastSeenAt, Date.now())),
    style: ({ contact }) => CONTACT_STYLES[contact],
  },
];

/** A column for each of the attributes that were asked for, `region,site`. */
export const attributeColumns = (names = ""): readonly Column<DeviceRow>[] =>
  names
    .split(",")
    .filter((name) => name !== "")
    .map((name) => ({
      title: name.toUpperCase(),
      text: ({ attributes }) => (Object.hasOwn(attributes, name) ? (attributes[name] ?? "") : ""),
    }));

/** `1.3.0`, or `1.3.0 -> 1.4.0 downloading 41 %`. */
function runsText({ running, update }: Device): string {
  const now = running?.artifactName ?? "";
  return update === null ? now : `${now} -> ${updateText(update)}`.trimStart();
}

const updateText = ({ version, state, progressPercent }: NonNullable<Device["update"]>): string =>
  `${version} ${state}${progressPercent === null ? "" : ` ${progressPercent} %`}`;

/** `mac=00:11, serial=7`. */
export const pairsText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

const trustText = ({ level, why, rootVersion }: Device["trustLevel"]): string =>
  [`${level}${rootVersion === null ? "" : `, root of trust version ${rootVersion}`}`, why].join(
    "\n",
  );

const holdText = ({ by, since, until, note }: NonNullable<Device["hold"]>): string =>
  `by ${by} since ${timeText(since)}${until === null ? "" : ` until ${timeText(until)}`}: ${note}`;

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
    ["Held", device.hold === null ? undefined : holdText(device.hold)],
    ["Client", traits?.client],
    ["Trust", trustText(device.trustLevel)],
    ["Groups", device.groupIds.length === 0 ? undefined : device.groupIds.join("\n")],
    ["In an update", device.update === null ? undefined : updateText(device.update)],
    ["Enrolled", timeText(device.enrolledAt)],
    ["Last seen", lastSeenAt === null ? "never" : `${timeText(lastSeenAt)}, ${device.contact}`],
  ];
}
