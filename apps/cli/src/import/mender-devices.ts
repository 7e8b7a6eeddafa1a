import { createHash, createPublicKey } from "node:crypto";
import { DeviceIdentity, Sha256 } from "@moult/model";
import * as z from "zod";
import type { ReportBuilder } from "./import-report.ts";
import { pagesOf, type PeerLink } from "./peer-link.ts";

/** A device of a Mender server that may come, by one of its keys. */
export interface MenderDevice {
  /** For people: its name there, or its identity. */
  readonly label: string;
  readonly name: string | undefined;
  readonly keyFingerprint: Sha256;
  readonly identity: DeviceIdentity;
  /** Its group there, and its tags as `NAME: VALUE`. */
  readonly groups: readonly string[];
}

export interface MenderFilter {
  /** Empty: all. */
  readonly deviceTypes: readonly string[];
  readonly group: string | undefined;
}

const PAGE_DEVICES = 100;

const AuthSet = z.object({
  pubkey: z.string().max(16_384),
  status: z.string(),
});
const Device = z.object({
  id: z.string().max(1_024),
  identity_data: z.record(z.string(), z.unknown()).nullish(),
  status: z.string(),
  auth_sets: z.array(AuthSet).nullish(),
  decommissioning: z.boolean().nullish(),
});
type Device = z.infer<typeof Device>;

const Attribute = z.object({ name: z.string(), scope: z.string(), value: z.unknown() });
const Inventory = z.object({ id: z.string(), attributes: z.array(Attribute).nullish() });

/** What its inventory says of a device. */
interface Known {
  readonly deviceTypes: readonly string[];
  readonly group: string | undefined;
  readonly tags: readonly (readonly [name: string, value: string])[];
}

/** Reads all devices, a page at a time. */
export async function* menderDevices(
  link: PeerLink,
  filter: MenderFilter,
  report: ReportBuilder,
): AsyncGenerator<MenderDevice> {
  const pages = pagesOf(
    link,
    (index) => `/api/management/v2/devauth/devices?page=${index + 1}&per_page=${PAGE_DEVICES}`,
    (path) => link.get({ path }, z.array(Device)),
  );
  for await (const devices of pages) {
    const inventories = await inventoriesOf(link, devices);
    for (const device of devices)
      yield* comingAs(device, inventories.get(device.id), filter, report);
  }
}

async function inventoriesOf(
  link: PeerLink,
  devices: readonly Device[],
): Promise<ReadonlyMap<string, Known>> {
  const found = await link.get(
    {
      path: "/api/management/v2/inventory/filters/search",
      body: { page: 1, per_page: PAGE_DEVICES, device_ids: devices.map(({ id }) => id) },
    },
    z.array(Inventory),
  );
  const known = new Map(found.map(({ id, attributes }) => [id, knownFrom(attributes ?? [])]));
  // Servers of before 2021 do not search by ids.
  for (const { id } of devices) {
    if (known.has(id)) continue;
    const path = `/api/management/v1/inventory/devices/${encodeURIComponent(id)}`;
    const single = await link.find({ path }, Inventory);
    if (single !== undefined) known.set(id, knownFrom(single.attributes ?? []));
  }
  return known;
}

function knownFrom(attributes: readonly z.infer<typeof Attribute>[]): Known {
  const valuesOf = (scope: string, name: string): string[] =>
    attributes
      .filter((each) => each.scope === scope && each.name === name)
      .flatMap(({ value }) => (Array.isArray(value) ? value.map(textOf) : [textOf(value)]));
  return {
    deviceTypes: valuesOf("inventory", "device_type"),
    group: valuesOf("system", "group")[0],
    tags: attributes
      .filter(({ scope }) => scope === "tags")
      .map(({ name, value }) => [name, textOf(value)] as const),
  };
}

/** The device by each of its keys that were let in there. */
function* comingAs(
  device: Device,
  known: Known | undefined,
  { deviceTypes, group }: MenderFilter,
  report: ReportBuilder,
): Generator<MenderDevice> {
  const isOther =
    (deviceTypes.length > 0 && !known?.deviceTypes.some((type) => deviceTypes.includes(type))) ||
    (group !== undefined && known?.group !== group);
  if (isOther) return;
  report.count("devices", "read");
  const identity = identityOf(device);
  const label = labelOf(device, known);
  const leaveOut = (reason: string): void => report.leaveOut("devices", label, reason);
  if (identity === undefined) return leaveOut("its identity is none that Moult takes");
  if (device.decommissioning === true) return leaveOut("it is being decommissioned there");
  const letIn = (device.auth_sets ?? []).filter(
    ({ status }) => status === "accepted" || status === "preauthorized",
  );
  if (letIn.length === 0) return leaveOut(`nobody let it in there: it is ${device.status}`);
  const name = known?.tags.find(([tag]) => tag === "name")?.[1];
  for (const { pubkey } of letIn) {
    const keyFingerprint = fingerprintOf(pubkey);
    if (keyFingerprint === undefined) {
      leaveOut("its key is none that Moult takes");
      continue;
    }
    yield {
      label,
      name: name === undefined || name === "" ? undefined : name.slice(0, 128),
      keyFingerprint,
      identity,
      groups: groupsOf(known),
    };
  }
}

const groupsOf = (known: Known | undefined): string[] => [
  ...(known?.group === undefined || known.group === "" ? [] : [known.group]),
  ...(known?.tags ?? [])
    .filter(([name]) => name !== "name")
    .map(([name, value]) => `${name}: ${value}`),
];

/** As the device itself will say it: values that are no texts are their JSON. */
function identityOf({ identity_data: data }: Device): DeviceIdentity | undefined {
  const texts = Object.entries(data ?? {}).map(([name, value]) => [name, textOf(value)]);
  return DeviceIdentity.safeParse(Object.fromEntries(texts)).data;
}

const labelOf = ({ id, identity_data: data }: Device, known: Known | undefined): string =>
  known?.tags.find(([name]) => name === "name")?.[1] ??
  (Object.values(data ?? {})
    .map(textOf)
    .join(", ") ||
    id);

/** What the server finds the key by: SHA-256 of its DER SubjectPublicKeyInfo. */
function fingerprintOf(pem: string): Sha256 | undefined {
  if (pem.includes("PRIVATE KEY")) return undefined;
  try {
    const der = createPublicKey(pem).export({ type: "spki", format: "der" });
    return Sha256.parse(createHash("sha256").update(der).digest("hex"));
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");
