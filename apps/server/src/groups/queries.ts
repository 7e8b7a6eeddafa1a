import type { DeviceId, Group, GroupId, ProductName, TenantId } from "@moult/model";
import { conditionsIn, parseQuery } from "@moult/query";
import { sql, type Selectable } from "kysely";
import { deviceCondition } from "../device-queries/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import { isoFrom } from "../platform/columns.ts";
import { othersTurn } from "../platform/others-turn.ts";
import type { DeviceGroupTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Conditions that are asked of devices to count those of a query; beyond them "at least" is what is said. */
const ASKED_MAX = 200_000;
/** The same for each of a list, which counts many queries in one request. */
const LISTED_ASKED_MAX = 40_000;

/** By product and name, each with its number of devices; two statements, and one more for each query. */
export async function groupsOf(db: TenantDb, product: ProductName | undefined): Promise<Group[]> {
  const rows = await db.kysely
    .selectFrom("device_group")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .orderBy("product")
    .orderBy("name")
    .execute();
  const counts = await memberCounts(db, rows, LISTED_ASKED_MAX);
  return rows.map((row) => groupFrom(row, counts.get(row.id)));
}

export async function groupById(db: TenantDb, groupId: GroupId): Promise<Group | undefined> {
  const row = await groupRow(db, groupId);
  if (row === undefined) return undefined;
  const counts = await memberCounts(db, [row], ASKED_MAX);
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

/** Groups with a query, by name. */
export async function dynamicGroupRows(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<
  {
    readonly id: GroupId;
    readonly name: string;
    readonly product: ProductName;
    readonly query: string;
  }[]
> {
  return db.kysely
    .selectFrom("device_group")
    .select(["id", "name", "product", "query"])
    .where("tenant_id", "=", db.tenantId)
    .where("query", "is not", null)
    .$narrowType<{ query: string }>()
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .orderBy("name")
    .execute();
}

/** False when the product has a group of that name. */
export async function insertGroup(
  db: TenantDb,
  group: {
    readonly id: GroupId;
    readonly name: string;
    readonly product: ProductName;
    readonly query: string | null;
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
      query: group.query,
      created_at: group.createdAt,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "product", "name"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** The group, with its row held until the transaction ends. */
export async function lockGroup(
  db: TenantDb,
  groupId: GroupId,
): Promise<Selectable<DeviceGroupTable> | undefined> {
  return db.kysely
    .updateTable("device_group")
    .set((row) => ({ name: row.ref("name") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .returningAll()
    .executeTakeFirst();
}

/** Changes what is given of it; false when another group of its product has the name. */
export async function setGroup(
  db: TenantDb,
  groupId: GroupId,
  { name, query }: { readonly name?: string | undefined; readonly query?: string | undefined },
): Promise<boolean> {
  const changed = await db.kysely
    .updateTable("device_group")
    .set((row) => ({
      name: name === undefined ? row.ref("name") : storableText(name),
      query: query ?? row.ref("query"),
    }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", groupId)
    .$if(name !== undefined, (update) =>
      update.where((row) =>
        row.not(
          row.exists(
            row
              .selectFrom("device_group as other")
              .select("other.id")
              .where("other.tenant_id", "=", db.tenantId)
              .whereRef("other.product", "=", "device_group.product")
              .where("other.name", "=", storableText(name!))
              .where("other.id", "!=", groupId),
          ),
        ),
      ),
    )
    .returning("id")
    .executeTakeFirst();
  return changed !== undefined;
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

/** What the safeguards that hold of the product's releases are for. */
export async function safeguardQueries(
  db: TenantDb,
  product: ProductName,
): Promise<readonly { readonly name: string; readonly query: string }[]> {
  return db.kysely
    .selectFrom("safeguard")
    .innerJoin("release", "release.id", "safeguard.release_id")
    .select(["release.version as name", "safeguard.query as query"])
    .where("safeguard.tenant_id", "=", db.tenantId)
    .where("safeguard.lifted_at", "is", null)
    .where("release.tenant_id", "=", db.tenantId)
    .where("release.product", "=", product)
    .orderBy("safeguard.created_at")
    .execute();
}

interface MemberCount {
  readonly count: number;
  readonly isExact: boolean;
}

async function memberCounts(
  db: TenantDb,
  groups: readonly Selectable<DeviceGroupTable>[],
  askedMax: number,
): Promise<Map<GroupId, MemberCount>> {
  const listed = groups.flatMap(({ id, query }) => (query === null ? [id] : []));
  const counts = await listedCounts(db, listed);
  for (const { id, product, query } of groups)
    if (query !== null) {
      counts.set(id, await queriedCount(db, product, query, askedMax));
      await othersTurn();
    }
  return counts;
}

async function listedCounts(
  db: TenantDb,
  groupIds: readonly GroupId[],
): Promise<Map<GroupId, MemberCount>> {
  if (groupIds.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("device_group_member")
    .select(["group_id", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("group_id", "in", groupIds)
    .groupBy("group_id")
    .execute();
  return new Map(rows.map((row) => [row.group_id, { count: Number(row.count), isExact: true }]));
}

/** How many devices of the product the query is true of; at most `askedMax` conditions are asked. */
async function queriedCount(
  db: TenantDb,
  product: ProductName,
  query: string,
  askedMax: number,
): Promise<MemberCount> {
  const parsed = parseQuery(query);
  const looksMax = Math.floor(askedMax / conditionsIn(parsed).length);
  const looked = db.kysely
    .selectFrom("device")
    .select(sql<number>`case when ${deviceCondition(db, parsed)} then 1 else 0 end`.as("fits"))
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.product", "=", product)
    .limit(looksMax + 1);
  const row = await db.kysely
    .selectFrom(looked.as("looked"))
    .select((of) => [of.fn.countAll<number>().as("looks"), of.fn.sum<number>("fits").as("count")])
    .executeTakeFirst();
  return { count: Number(row?.count ?? 0), isExact: Number(row?.looks ?? 0) <= looksMax };
}

const groupFrom = (
  row: Selectable<DeviceGroupTable>,
  { count, isExact }: MemberCount = { count: 0, isExact: true },
): Group => ({
  id: row.id,
  name: row.name,
  product: row.product,
  query: row.query,
  deviceCount: count,
  isCountExact: isExact,
  createdAt: isoFrom(row.created_at),
});
