import { DeviceIdentity, type DeviceId, type TenantId } from "@moult/model";
import { sql, type Selectable } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson } from "../platform/columns.ts";
import type { DeviceTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { conditionsOf, type DeviceMatch } from "./filter-queries.ts";

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

/** The next ones in the order of the list of newest devices. */
export async function matchingRows(
  db: TenantDb,
  match: DeviceMatch,
  after: Pick<SelectedRow, "enrolled_at" | "id"> | undefined,
  limit: number,
): Promise<SelectedRow[]> {
  const enrolledAt = sql.ref<number>("device.enrolled_at");
  const order = match.driver === undefined ? enrolledAt : besideIndex(db, enrolledAt);
  const rows = await selection(db)
    .where((row) => row.and(conditionsOf(db, match, row)))
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(${order}, device.id) < (${after!.enrolled_at}, ${after!.id})`),
    )
    .orderBy(order, "desc")
    .orderBy("device.id", "desc")
    .limit(limit)
    .execute();
  return rows.map(rowFrom);
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
