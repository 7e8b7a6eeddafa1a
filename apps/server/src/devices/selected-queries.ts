import { DeviceIdentity, type DeviceId, type TenantId } from "@moult/model";
import { sql, type Selectable } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson } from "../platform/columns.ts";
import type { DeviceTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { conditionsOf, type DeviceMatch } from "./filter-queries.ts";
import { orderedBy, stretchesOf, withinStretch, type WalkOrder } from "./walk-queries.ts";

/** What an action on a device depends on, and few bytes more: fleets are read through with it. */
export type SelectedRow = Pick<
  Selectable<DeviceTable>,
  | "id"
  | "name"
  | "product"
  | "state"
  | "identity_conflict_at"
  | "open_assignment_id"
  | "enrolled_at"
> & {
  readonly has_pending_key: number;
  /** Parsed when it is asked for. */
  identity(): DeviceIdentity;
};

const NEWEST: WalkOrder = { column: sql.ref("device.enrolled_at"), direction: "desc" };

/** The next ones in the order of the list of newest devices. */
export async function matchingRows(
  db: TenantDb,
  match: DeviceMatch,
  after: Pick<SelectedRow, "enrolled_at" | "id"> | undefined,
  limit: number,
): Promise<SelectedRow[]> {
  const column = orderedBy(db, match, NEWEST);
  const place = after && { sortedBy: after.enrolled_at, id: after.id };
  const found: SelectedRow[] = [];
  for await (const stretch of stretchesOf(db, match, NEWEST, place)) {
    const rows = await selection(db)
      .where((row) => row.and(conditionsOf(db, match, row)))
      .where((row) => row.and(withinStretch(column, NEWEST, stretch)))
      .orderBy(column, "desc")
      .orderBy("device.id", "desc")
      .limit(limit - found.length)
      .execute();
    found.push(...rows.map(rowFrom));
    if (found.length === limit) break;
  }
  return found;
}

export async function rowsOf(db: TenantDb, ids: readonly DeviceId[]): Promise<SelectedRow[]> {
  const rows = await selection(db)
    .where(besideIndex(db, sql.ref<TenantId>("device.tenant_id")), "=", db.tenantId)
    .where("device.id", "in", ids)
    .execute();
  return rows.map(rowFrom);
}

const selection = (db: TenantDb) =>
  db.kysely.selectFrom("device").select((row) => [
    "device.id",
    "device.name",
    "device.identity",
    "device.product",
    "device.state",
    "device.identity_conflict_at",
    "device.open_assignment_id",
    "device.enrolled_at",
    row
      .case()
      .when(
        row.exists(
          row
            .selectFrom("device_key")
            .select("fingerprint")
            .whereRef("device_key.device_id", "=", "device.id")
            .where(besideIndex(db, sql.ref<TenantId>("device_key.tenant_id")), "=", db.tenantId)
            .where("device_key.state", "=", "pending"),
        ),
      )
      .then(sql<number>`1`)
      .else(sql<number>`0`)
      .end()
      .as("has_pending_key"),
  ]);

const rowFrom = ({
  identity,
  ...row
}: Awaited<ReturnType<ReturnType<typeof selection>["execute"]>>[number]): SelectedRow => ({
  ...row,
  identity: () => fromJson(DeviceIdentity, identity),
});
