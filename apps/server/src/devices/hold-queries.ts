import type { DeviceHold, DeviceId, TenantId } from "@moult/model";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { isoFrom, isoOrNull } from "../platform/columns.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

export interface NewHold {
  readonly deviceId: DeviceId;
  readonly note: string;
  readonly by: string;
  readonly at: number;
  readonly until: number | null;
}

/** A hold that was there before gives way. */
export async function putHold(
  db: TenantDb,
  { deviceId, note, by, at, until }: NewHold,
): Promise<void> {
  const hold = { note: storableText(note), held_by: by, held_at: at, until };
  await db.kysely
    .insertInto("device_hold")
    .values({ tenant_id: db.tenantId, device_id: deviceId, ...hold })
    .onConflict((conflict) => conflict.column("device_id").doUpdateSet(hold))
    .execute();
}

/** Whether there was one at this instant. */
export async function endHold(db: TenantDb, deviceId: DeviceId, at: number): Promise<boolean> {
  const ended = await db.kysely
    .deleteFrom("device_hold")
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .returning("until")
    .executeTakeFirst();
  return ended !== undefined && (ended.until === null || at < ended.until);
}

/** Of each device the hold that is on it at this instant. */
export async function holdsOf(
  db: TenantDb,
  ids: readonly DeviceId[],
  at: number,
): Promise<ReadonlyMap<DeviceId, DeviceHold>> {
  const rows = await db.kysely
    .selectFrom("device_hold")
    .select(["device_id", "note", "held_by", "held_at", "until"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "in", ids)
    .where((row) => row.or([row("until", "is", null), row("until", ">", at)]))
    .execute();
  return new Map(
    rows.map((row) => [
      row.device_id,
      {
        note: row.note,
        by: row.held_by,
        since: isoFrom(row.held_at),
        until: isoOrNull(row.until),
      },
    ]),
  );
}
