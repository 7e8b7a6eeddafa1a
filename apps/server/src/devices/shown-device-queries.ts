import {
  ClientTraits,
  DeviceIdentity,
  Provides,
  type Device,
  type DeviceId,
  type DeviceUpdate,
  type GroupId,
  type Sha256,
  type TenantId,
} from "@moult/model";
import { trustLevelOf } from "@moult/planner";
import { sql, type Selectable } from "kysely";
import { dynamicGroupsOf } from "../groups/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import type { DeviceTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdsOf } from "./hold-queries.ts";
import { contactOf, type ContactClock } from "./device-contact.ts";

/** Rows with all that is shown of a device; one statement for each kind of thing, however many devices. */
export async function devicesFrom(
  db: TenantDb,
  rows: readonly Selectable<DeviceTable>[],
  clock: ContactClock,
): Promise<Device[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const keys = await keysOf(db, ids);
  const groups = await groupsOf(db, ids);
  const dynamic = await dynamicGroupsOf(db, ids);
  const updates = await updatesOf(db, rows);
  const holds = await holdsOf(db, ids, clock.now);
  return rows.map((row) => ({
    ...deviceFrom(row, clock),
    keyFingerprint: keys.get(row.id)?.accepted ?? null,
    pendingKeyFingerprint: keys.get(row.id)?.pending ?? null,
    groupIds: [...(groups.get(row.id) ?? []), ...(dynamic.get(row.id) ?? [])],
    update: updates.get(row.id) ?? null,
    hold: holds.get(row.id) ?? null,
  }));
}

/** Of each device those attributes that have one of these names. */
export async function namedAttributesOf(
  db: TenantDb,
  ids: readonly DeviceId[],
  names: readonly string[],
): Promise<Map<DeviceId, Record<string, string>>> {
  const attributesByDevice = new Map<DeviceId, Record<string, string>>();
  if (ids.length === 0 || names.length === 0) return attributesByDevice;
  const rows = await db.kysely
    .selectFrom("device_attribute")
    .select(["device_id", "name", "value"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "in", ids)
    .where("name", "in", names.map(storableText))
    .execute();
  for (const [deviceId, its] of Map.groupBy(rows, ({ device_id }) => device_id))
    attributesByDevice.set(
      deviceId,
      Object.fromEntries(its.map(({ name, value }) => [name, value])),
    );
  return attributesByDevice;
}

interface ShownKeys {
  accepted?: Sha256;
  /** The one that asked first: what an operator saw stays what an operator accepts, whoever asks meanwhile. */
  pending?: Sha256;
}

async function keysOf(db: TenantDb, ids: readonly DeviceId[]): Promise<Map<DeviceId, ShownKeys>> {
  const rows = await db.kysely
    .selectFrom("device_key")
    .select(["device_id", "fingerprint", "state"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "in", ids)
    .where("state", "in", ["pending", "accepted"])
    .orderBy("created_at")
    .orderBy("fingerprint")
    .execute();
  const keysByDevice = new Map<DeviceId, ShownKeys>();
  for (const row of rows) {
    const keys = keysByDevice.get(row.device_id) ?? {};
    if (row.state === "accepted") keys.accepted = row.fingerprint;
    else keys.pending ??= row.fingerprint;
    keysByDevice.set(row.device_id, keys);
  }
  return keysByDevice;
}

async function groupsOf(db: TenantDb, ids: readonly DeviceId[]): Promise<Map<DeviceId, GroupId[]>> {
  const rows = await db.kysely
    .selectFrom("device_group_member")
    .select(["device_id", "group_id"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "in", ids)
    .orderBy("group_id")
    .execute();
  const groupsByDevice = new Map<DeviceId, GroupId[]>();
  for (const row of rows)
    groupsByDevice.set(row.device_id, [...(groupsByDevice.get(row.device_id) ?? []), row.group_id]);
  return groupsByDevice;
}

async function updatesOf(
  db: TenantDb,
  devices: readonly Pick<Selectable<DeviceTable>, "id" | "open_assignment_id">[],
): Promise<Map<DeviceId, DeviceUpdate>> {
  const open = devices.flatMap(({ open_assignment_id }) => open_assignment_id ?? []);
  if (open.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .select([
      "assignment.device_id as deviceId",
      "assignment.id as assignmentId",
      "deployment.id as deploymentId",
      "deployment.version",
      "assignment.state",
      "assignment.progress_percent as progressPercent",
    ])
    .where(besideIndex(db, sql.ref<TenantId>("assignment.tenant_id")), "=", db.tenantId)
    .where(besideIndex(db, sql.ref<TenantId>("deployment.tenant_id")), "=", db.tenantId)
    .where("assignment.id", "in", open)
    .execute();
  return new Map(rows.map(({ deviceId, ...update }) => [deviceId, update]));
}

type OwnFacts = Omit<
  Device,
  "keyFingerprint" | "pendingKeyFingerprint" | "groupIds" | "update" | "hold"
>;

function shownTraits(text: string | null): Pick<Device, "traits" | "trustLevel"> {
  const traits = text === null ? null : fromJson(ClientTraits, text);
  return { traits, trustLevel: trustLevelOf(traits) };
}

const deviceFrom = (
  row: Selectable<DeviceTable>,
  { now, checkInSeconds }: ContactClock,
): OwnFacts => ({
  id: row.id,
  name: row.name,
  product: row.product,
  hardwareType: row.hardware_type,
  identity: fromJson(DeviceIdentity, row.identity),
  state: row.state,
  identityConflictAt: isoOrNull(row.identity_conflict_at),
  running:
    row.running_artifact === null
      ? null
      : {
          artifactName: row.running_artifact,
          provides: fromJson(Provides, row.running_provides ?? "{}"),
        },
  ...shownTraits(row.traits),
  openAssignmentId: row.open_assignment_id,
  enrolledAt: isoFrom(row.enrolled_at),
  lastSeenAt: isoOrNull(row.last_seen_at),
  contact: contactOf(row.last_seen_at, now, checkInSeconds),
});
