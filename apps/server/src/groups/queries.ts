import type { DeviceId, Group, GroupId, ProductName, TenantId } from "@moult/model";
import { sql, type Selectable } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { isoFrom } from "../platform/columns.ts";
import type { DeviceGroupTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** By product and name, each with its number of devices; two statements. */
export async function groupsOf(db: TenantDb, product: ProductName | undefined): Promise<Group[]> {
  const rows = await db.kysely
    .selectFrom("device_group")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .orderBy("product")
    .orderBy("name")
    .execute();
  const counts = await memberCounts(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => groupFrom(row, counts.get(row.id)));
}

export async function groupById(db: TenantDb, groupId: GroupId): Promise<Group | undefined> {
  const row = await groupRow(db, groupId);
  if (row === undefined) return undefined;
  const counts = await memberCounts(db, [groupId]);
  return groupFrom(row, counts.get(groupId));
}

export async function groupRow(
  db: TenantDb,
  groupId: GroupId,
): Promise<Selectable<DeviceGroupTable> | undefined> {
  return db.kysely
    .selectFrom("device_group")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .executeTakeFirst();
}

export async function productOfGroup(
  db: TenantDb,
  groupId: GroupId,
): Promise<ProductName | undefined> {
  const row = await db.kysely
    .selectFrom("device_group")
    .select("product")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .executeTakeFirst();
  return row?.product;
}

/** False when the product has a group of that name. */
export async function insertGroup(
  db: TenantDb,
  group: {
    readonly id: GroupId;
    readonly name: string;
    readonly product: ProductName;
    readonly createdAt: number;
  },
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("device_group")
    .values({
      id: group.id,
      tenant_id: db.tenantId,
      product: group.product,
      name: storableText(group.name),
      created_at: group.createdAt,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "product", "name"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** The group's product, with its row held until the transaction ends. */
export async function lockGroup(db: TenantDb, groupId: GroupId): Promise<ProductName | undefined> {
  const locked = await db.kysely
    .updateTable("device_group")
    .set((row) => ({ name: row.ref("name") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .returning("product")
    .executeTakeFirst();
  return locked?.product;
}

export async function deleteGroup(db: TenantDb, groupId: GroupId): Promise<void> {
  await db.kysely
    .deleteFrom("device_group")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .execute();
}

/** Which of `ids` are devices of the product. */
export async function devicesAmong(
  db: TenantDb,
  product: ProductName,
  ids: readonly DeviceId[],
): Promise<Set<DeviceId>> {
  const rows = await db.kysely
    .selectFrom("device")
    .select("id")
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where(besideIndex(db, sql.ref<ProductName>("product")), "=", product)
    .where("id", "in", ids)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** A statement's parameters are bounded on both dialects; a member takes three. */
const MEMBERS_PER_STATEMENT = 5_000;

/** Those that were not in the group before. */
export async function insertMembers(
  db: TenantDb,
  groupId: GroupId,
  ids: readonly DeviceId[],
): Promise<DeviceId[]> {
  const added: DeviceId[] = [];
  for (let start = 0; start < ids.length; start += MEMBERS_PER_STATEMENT) {
    const rows = await db.kysely
      .insertInto("device_group_member")
      .values(
        ids.slice(start, start + MEMBERS_PER_STATEMENT).map((deviceId) => ({
          tenant_id: db.tenantId,
          group_id: groupId,
          device_id: deviceId,
        })),
      )
      .onConflict((conflict) => conflict.columns(["group_id", "device_id"]).doNothing())
      .returning("device_id")
      .execute();
    added.push(...rows.map(({ device_id }) => device_id));
  }
  return added;
}

/** Those that were in the group before. */
export async function deleteMembers(
  db: TenantDb,
  groupId: GroupId,
  ids: readonly DeviceId[],
): Promise<DeviceId[]> {
  const rows = await db.kysely
    .deleteFrom("device_group_member")
    .where("tenant_id", "=", db.tenantId)
    .where("group_id", "=", groupId)
    .where("device_id", "in", ids)
    .returning("device_id")
    .execute();
  return rows.map(({ device_id }) => device_id);
}

/** Which of `ids` are in the group. */
export async function membersAmong(
  db: TenantDb,
  groupId: GroupId,
  ids: readonly DeviceId[],
): Promise<Set<DeviceId>> {
  const rows = await db.kysely
    .selectFrom("device_group_member")
    .select("device_id")
    .where("tenant_id", "=", db.tenantId)
    .where("group_id", "=", groupId)
    .where("device_id", "in", ids)
    .execute();
  return new Set(rows.map(({ device_id }) => device_id));
}

/** Names of the unfinished deployments that the group is the target of. */
export async function unfinishedDeploymentsTo(
  db: TenantDb,
  product: ProductName,
  groupId: GroupId,
): Promise<string[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "in", ["running", "paused", "tripped"])
    .where("target_group_id", "=", groupId)
    .orderBy("number")
    .execute();
  return rows.map(({ name }) => name);
}

async function memberCounts(
  db: TenantDb,
  groupIds: readonly GroupId[],
): Promise<Map<GroupId, number>> {
  if (groupIds.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("device_group_member")
    .select(["group_id", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("group_id", "in", groupIds)
    .groupBy("group_id")
    .execute();
  return new Map(rows.map((row) => [row.group_id, Number(row.count)]));
}

const groupFrom = (row: Selectable<DeviceGroupTable>, deviceCount = 0): Group => ({
  id: row.id,
  name: row.name,
  product: row.product,
  deviceCount,
  createdAt: isoFrom(row.created_at),
});
