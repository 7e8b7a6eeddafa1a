import {
  ClientTraits,
  DeviceIdentity,
  Provides,
  type Device,
  type DeviceId,
  type DeviceState,
  type GroupId,
  type HardwareType,
  type ProductName,
  type Sha256,
} from "@moult/model";
import { sql, type Selectable } from "kysely";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import { encodeCursor, type PageCursor } from "../platform/page-cursor.ts";
import type { DeviceTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

export interface DeviceFilter {
  readonly product?: ProductName | undefined;
  readonly state?: DeviceState | undefined;
  readonly groupId?: GroupId | undefined;
  readonly hardwareType?: HardwareType | undefined;
  readonly running?: string | undefined;
  readonly search?: string | undefined;
}

/** A page of devices, newest first; three statements, however long it is. */
export async function devicePage(
  db: TenantDb,
  filter: DeviceFilter,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: Device[]; nextCursor: string | null }> {
  const { product, state, groupId, hardwareType, running, search } = filter;
  const rows = await db.kysely
    .selectFrom("device")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .$if(state !== undefined, (query) => query.where("state", "=", state!))
    .$if(hardwareType !== undefined, (query) => query.where("hardware_type", "=", hardwareType!))
    .$if(running !== undefined, (query) =>
      query.where("running_artifact", "=", storableText(running!)),
    )
    .$if(search !== undefined, (query) =>
      query.where(sql<boolean>`search_text like ${containing(search!)} escape '\\'`),
    )
    .$if(groupId !== undefined, (query) =>
      query.where("id", "in", (members) =>
        members
          .selectFrom("device_group_member")
          .select("device_id")
          .where("tenant_id", "=", db.tenantId)
          .where("group_id", "=", groupId!),
      ),
    )
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row(
          row.refTuple("enrolled_at", "id"),
          "<",
          row.tuple(after!.sortedBy, after!.id as DeviceId),
        ),
      ),
    )
    .orderBy("enrolled_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await devicesFrom(db, shown),
    nextCursor:
      rows.length > limit && last !== undefined
        ? encodeCursor({ sortedBy: last.enrolled_at, id: last.id })
        : null,
  };
}

export async function deviceById(db: TenantDb, deviceId: DeviceId): Promise<Device | undefined> {
  const rows = await db.kysely
    .selectFrom("device")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
  const [device] = await devicesFrom(db, rows);
  return device;
}

export async function countsByState(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<Record<DeviceState, number>> {
  const rows = await db.kysely
    .selectFrom("device")
    .select(["state", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .groupBy("state")
    .execute();
  const counts = { pending: 0, accepted: 0, rejected: 0, decommissioned: 0 };
  for (const { state, count } of rows) counts[state] = Number(count);
  return counts;
}

/** Accepted devices by what they run, the most frequent first. Names are the devices' own, so their number is bounded. */
export async function countsByRunning(
  db: TenantDb,
  product: ProductName | undefined,
  namesMax: number,
): Promise<{ artifactName: string | null; count: number }[]> {
  const rows = await db.kysely
    .selectFrom("device")
    .select(["running_artifact", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("state", "=", "accepted")
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .groupBy("running_artifact")
    .orderBy("count", "desc")
    .orderBy("running_artifact")
    .limit(namesMax)
    .execute();
  return rows.map((row) => ({ artifactName: row.running_artifact, count: Number(row.count) }));
}

/** A LIKE pattern for text that contains `search` literally. */
const containing = (search: string): string =>
  `%${storableText(search)
    .toLowerCase()
    .replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

async function devicesFrom(
  db: TenantDb,
  rows: readonly Selectable<DeviceTable>[],
): Promise<Device[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const keys = await keysOf(db, ids);
  const groups = await groupsOf(db, ids);
  return rows.map((row) => deviceFrom(row, keys.get(row.id), groups.get(row.id)));
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
    .where("tenant_id", "=", db.tenantId)
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
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "in", ids)
    .orderBy("group_id")
    .execute();
  const groupsByDevice = new Map<DeviceId, GroupId[]>();
  for (const row of rows)
    groupsByDevice.set(row.device_id, [...(groupsByDevice.get(row.device_id) ?? []), row.group_id]);
  return groupsByDevice;
}

function deviceFrom(
  row: Selectable<DeviceTable>,
  keys: ShownKeys = {},
  groupIds: GroupId[] = [],
): Device {
  return {
    id: row.id,
    name: row.name,
    product: row.product,
    hardwareType: row.hardware_type,
    identity: fromJson(DeviceIdentity, row.identity),
    keyFingerprint: keys.accepted ?? null,
    pendingKeyFingerprint: keys.pending ?? null,
    state: row.state,
    identityConflictAt: isoOrNull(row.identity_conflict_at),
    running:
      row.running_artifact === null
        ? null
        : {
            artifactName: row.running_artifact,
            provides: fromJson(Provides, row.running_provides ?? "{}"),
          },
    traits: row.traits === null ? null : fromJson(ClientTraits, row.traits),
    groupIds,
    openAssignmentId: row.open_assignment_id,
    enrolledAt: isoFrom(row.enrolled_at),
    lastSeenAt: isoOrNull(row.last_seen_at),
  };
}
