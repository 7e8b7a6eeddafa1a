import {
  Provides,
  ReportedContext,
  type DeviceId,
  type DeviceRunningEntry,
  type HardwareType,
  type Inventory,
  type KnownContext,
  type Running,
  type Sha256,
} from "@moult/model";
import { HABIT_PERIOD_MS } from "@moult/planner";
import { orderKey } from "@moult/query";
import { sql } from "kysely";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** What the server has of a device's reports. */
export interface KnownReports {
  readonly runningArtifact: string | null;
  readonly runningSha256: Sha256 | null;
  readonly inventorySha256: Sha256 | null;
}

export async function knownReports(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<KnownReports | undefined> {
  return db.kysely
    .selectFrom("device")
    .select([
      "running_artifact as runningArtifact",
      "running_sha256 as runningSha256",
      "inventory_sha256 as inventorySha256",
    ])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
}

/** What a device last said that it runs. */
export async function runningOf(db: TenantDb, deviceId: DeviceId): Promise<Running | null> {
  const row = await db.kysely
    .selectFrom("device")
    .select(["running_artifact", "running_provides"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined || row.running_artifact === null) return null;
  return {
    artifactName: row.running_artifact,
    provides: fromJson(Provides, row.running_provides ?? "{}"),
  };
}

/** False when another report of the device came in between. */
export async function replaceRunning(
  db: TenantDb,
  deviceId: DeviceId,
  before: Sha256 | null,
  running: Running,
  runningSha256: Sha256,
): Promise<boolean> {
  const replaced = await db.kysely
    .updateTable("device")
    .set({
      running_artifact: storableText(running.artifactName),
      running_order_key: orderKey(storableText(running.artifactName)),
      running_provides: JSON.stringify(running.provides),
      running_sha256: runningSha256,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("running_sha256", "is not distinct from", before)
    .returning("id")
    .executeTakeFirst();
  return replaced !== undefined;
}

/** Ends what the device ran and begins what it runs now. */
export async function beginRun(
  db: TenantDb,
  deviceId: DeviceId,
  artifactName: string,
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("device_run")
    .set({ until: at })
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("until", "is", null)
    .execute();
  await db.kysely
    .insertInto("device_run")
    .values({
      tenant_id: db.tenantId,
      device_id: deviceId,
      artifact_name: storableText(artifactName),
      since: at,
      until: null,
    })
    .execute();
}

/** What the device ran, the newest first. */
export async function runsOf(
  db: TenantDb,
  deviceId: DeviceId,
  limit: number,
): Promise<DeviceRunningEntry[]> {
  const rows = await db.kysely
    .selectFrom("device_run")
    .select(["artifact_name", "since", "until"])
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .orderBy("since", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    artifactName: row.artifact_name,
    since: isoFrom(row.since),
    until: isoOrNull(row.until),
  }));
}

export async function hardwareTypeOf(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<HardwareType | undefined> {
  const row = await db.kysely
    .selectFrom("device")
    .select("hardware_type")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  return row?.hardware_type;
}

export async function attributesOf(db: TenantDb, deviceId: DeviceId): Promise<Inventory> {
  const rows = await db.kysely
    .selectFrom("device_attribute")
    .select(["name", "value"])
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .orderBy("name")
    .execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** False when another report of the device came in between. */
export async function setInventoryDigest(
  db: TenantDb,
  deviceId: DeviceId,
  before: Sha256 | null,
  inventorySha256: Sha256,
): Promise<boolean> {
  const replaced = await db.kysely
    .updateTable("device")
    .set({ inventory_sha256: inventorySha256 })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("inventory_sha256", "is not distinct from", before)
    .returning("id")
    .executeTakeFirst();
  return replaced !== undefined;
}

/** Makes the device's attributes exactly these; writes only what differs, for most reports change one of many. */
export async function replaceAttributes(
  db: TenantDb,
  deviceId: DeviceId,
  inventory: Inventory,
): Promise<void> {
  const before = new Map(Object.entries(await attributesOf(db, deviceId)));
  const after = new Map(
    Object.entries(inventory).map(([name, value]) => [storableText(name), storableText(value)]),
  );
  const gone = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, value]) => before.get(name) !== value);
  if (gone.length > 0)
    await db.kysely
      .deleteFrom("device_attribute")
      .where("tenant_id", "=", db.tenantId)
      .where("device_id", "=", deviceId)
      .where("name", "in", gone)
      .execute();
  if (changed.length > 0)
    await db.kysely
      .insertInto("device_attribute")
      .values((row) =>
        changed.map(([name, value]) => ({
          tenant_id: db.tenantId,
          product: row
            .selectFrom("device")
            .select("product")
            .where("tenant_id", "=", db.tenantId)
            .where("id", "=", deviceId)
            .$asScalar(),
          device_id: deviceId,
          name,
          value,
          order_key: orderKey(value),
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(["device_id", "name"]).doUpdateSet((row) => ({
          value: row.ref("excluded.value"),
          order_key: row.ref("excluded.order_key"),
        })),
      )
      .execute();
}

/** False when it is what stands there already. */
export async function replaceContext(
  db: TenantDb,
  deviceId: DeviceId,
  context: ReportedContext,
  contextSha256: Sha256,
  at: number,
): Promise<boolean> {
  const replaced = await db.kysely
    .updateTable("device")
    .set({ context: contextText(context), context_sha256: contextSha256, context_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("context_sha256", "is distinct from", contextSha256)
    .returning("id")
    .executeTakeFirst();
  return replaced !== undefined;
}

/** Always in the same order, so that devices in the same circumstances have the same text. */
function contextText({ unknown, ...context }: ReportedContext): string {
  const { busy, driving, metered, onPower, batteryPercent } = context;
  const why = unknown === undefined ? undefined : storableText(unknown);
  return JSON.stringify({ busy, driving, metered, onPower, batteryPercent, unknown: why });
}

/** Null: it never said. */
export async function contextOf(db: TenantDb, deviceId: DeviceId): Promise<KnownContext | null> {
  const row = await db.kysely
    .selectFrom("device")
    .select(["context", "context_at"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined || row.context === null || row.context_at === null) return null;
  return { ...fromJson(ReportedContext, row.context), since: isoFrom(row.context_at) };
}

/** A statement's parameters are bounded on both dialects. */
const SEEN_PER_STATEMENT = 1_000;

/**
 * Moves the devices' last-seen times forward, never back: replicas may flush in any order. The pause that ends is noted, but one
 * in which nobody could be heard; at the end of a period its longest pause takes the place of the one of the period before.
 */
export async function moveLastSeen(
  db: TenantDb,
  seen: readonly (readonly [deviceId: DeviceId, at: number])[],
): Promise<void> {
  const pause = sql`case when device.last_seen_at >= tenant.heard_since
    then seen.column2 - device.last_seen_at else 0 end`;
  const longest = sql`case when device.habit_longest > ${pause} then device.habit_longest else ${pause} end`;
  const isOver = sql`seen.column2 - device.habit_since >= ${sql.lit(HABIT_PERIOD_MS)}`;
  for (let start = 0; start < seen.length; start += SEEN_PER_STATEMENT) {
    const rows = seen
      .slice(start, start + SEEN_PER_STATEMENT)
      .map(([id, at]) => sql`(cast(${id} as text), cast(${at} as bigint))`);
    await sql`update device set last_seen_at = seen.column2,
        habit_since = case when device.habit_since is null or ${isOver} then seen.column2
          else device.habit_since end,
        habit_longest = case when ${isOver} then 0 else ${longest} end,
        habit_longest_before = case when ${isOver} then nullif(${longest}, 0)
          else device.habit_longest_before end
      from (values ${sql.join(rows)}) as seen, tenant
      where device.id = seen.column1 and device.tenant_id = ${db.tenantId}
        and tenant.id = ${db.tenantId}
        and (device.last_seen_at is null or device.last_seen_at < seen.column2)`.execute(db.kysely);
  }
}
