import {
  BulkAction,
  BulkRefusal,
  type BulkChange,
  type BulkChangeId,
  type DeviceId,
  type TenantId,
} from "@moult/model";
import { sql, type Kysely, type Selectable } from "kysely";
import * as z from "zod";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import type { SystemDb } from "../platform/database.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { BulkChangeTable, Schema } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** A change that is written down but does not count yet: its devices come next. */
export async function insertGathering(
  db: TenantDb,
  change: {
    readonly id: BulkChangeId;
    readonly action: BulkAction;
    readonly total: number;
    readonly createdBy: string;
    readonly createdAt: number;
  },
): Promise<void> {
  await db.kysely
    .insertInto("bulk_change")
    .values({
      id: change.id,
      tenant_id: db.tenantId,
      action: JSON.stringify(change.action),
      state: "gathering",
      total: change.total,
      done: 0,
      changed: 0,
      unchanged: 0,
      refused: "[]",
      created_by: change.createdBy,
      created_at: change.createdAt,
      finished_at: null,
    })
    .execute();
}

/** A statement's parameters are bounded on both dialects, and its text is kept only when it is short. */
const MEMBERS_PER_STATEMENT = 500;

export async function insertMembers(
  db: TenantDb,
  id: BulkChangeId,
  deviceIds: readonly DeviceId[],
): Promise<void> {
  for (let start = 0; start < deviceIds.length; start += MEMBERS_PER_STATEMENT)
    await db.kysely
      .insertInto("bulk_change_member")
      .values(
        deviceIds.slice(start, start + MEMBERS_PER_STATEMENT).map((deviceId) => ({
          tenant_id: db.tenantId,
          bulk_change_id: id,
          device_id: deviceId,
        })),
      )
      .execute();
}

export async function setRunning(db: TenantDb, id: BulkChangeId): Promise<void> {
  await db.kysely
    .updateTable("bulk_change")
    .set({ state: "running" })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

/** A running change with its row held until the transaction ends; undefined when another server finished it. */
export async function holdRunning(db: TenantDb, id: BulkChangeId): Promise<BulkChange | undefined> {
  const row = await db.kysely
    .updateTable("bulk_change")
    .set((eb) => ({ done: eb.ref("done") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("state", "=", "running")
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : changeFrom(row);
}

/** The next devices that the change has to come to, by their ids: rows are taken in one order everywhere. */
export async function nextMembers(
  db: TenantDb,
  id: BulkChangeId,
  limit: number,
): Promise<DeviceId[]> {
  const rows = await db.kysely
    .selectFrom("bulk_change_member")
    .select("device_id")
    .where("tenant_id", "=", db.tenantId)
    .where("bulk_change_id", "=", id)
    .orderBy("device_id")
    .limit(limit)
    .execute();
  return rows.map(({ device_id }) => device_id);
}

/** Takes off what is done: the members up to `last`. */
export async function deleteMembersTo(
  db: TenantDb,
  id: BulkChangeId,
  last: DeviceId,
): Promise<void> {
  await db.kysely
    .deleteFrom("bulk_change_member")
    .where("tenant_id", "=", db.tenantId)
    .where("bulk_change_id", "=", id)
    .where("device_id", "<=", last)
    .execute();
}

export async function saveProgress(
  db: TenantDb,
  change: Pick<BulkChange, "id" | "state" | "done" | "changed" | "unchanged" | "refused">,
  at: number,
): Promise<void> {
  const { id, state, done, changed, unchanged, refused } = change;
  await db.kysely
    .updateTable("bulk_change")
    .set({
      state,
      done,
      changed,
      unchanged,
      refused: JSON.stringify(refused),
      finished_at: state === "finished" ? at : null,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

export async function bulkChangeById(
  db: TenantDb,
  id: BulkChangeId,
): Promise<BulkChange | undefined> {
  const row = await db.kysely
    .selectFrom("bulk_change")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("state", "!=", "gathering")
    .executeTakeFirst();
  return row === undefined ? undefined : changeFrom(row);
}

/** Newest first. */
export async function bulkChangePage(
  db: TenantDb,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ readonly items: BulkChange[]; readonly nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("bulk_change")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("state", "!=", "gathering")
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(created_at, id) < (${after!.sortedBy}, ${after!.id})`),
    )
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return pageFrom(rows, limit, changeFrom, ({ created_at: sortedBy, id }) => ({ sortedBy, id }));
}

export interface RunningChange {
  readonly id: BulkChangeId;
  readonly tenantId: TenantId;
}

/** Every tenant's unfinished changes, the oldest first. */
export async function runningChanges(system: SystemDb): Promise<RunningChange[]> {
  return system.kysely
    .selectFrom("bulk_change")
    .select(["id", "tenant_id as tenantId"])
    .where("state", "=", "running")
    .where("finished_at", "is", null)
    .orderBy("created_at")
    .execute();
}

/** Deletes changes whose devices were never all written down: their server ended on the way. */
export async function deleteGathering(
  kysely: Kysely<Schema>,
  createdBefore: number,
): Promise<void> {
  await kysely
    .deleteFrom("bulk_change")
    .where("state", "=", "gathering")
    .where("finished_at", "is", null)
    .where("created_at", "<", createdBefore)
    .execute();
}

const Refusals = z.array(BulkRefusal);

const changeFrom = (row: Selectable<BulkChangeTable>): BulkChange => ({
  id: row.id,
  action: fromJson(BulkAction, row.action),
  state: row.state === "finished" ? "finished" : "running",
  total: row.total,
  done: row.done,
  changed: row.changed,
  unchanged: row.unchanged,
  refused: fromJson(Refusals, row.refused),
  createdBy: row.created_by,
  createdAt: isoFrom(row.created_at),
  finishedAt: isoOrNull(row.finished_at),
});
