import type { ProductName } from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { INDEXED_CHARACTERS, START_OF_VALUE, containing } from "./filter-queries.ts";

// Along the index of attributes, which begins with the product: names and values of one product are one range of it.

/** The next name after `after` that a device of the product reports. */
export async function nextAttributeName(
  db: TenantDb,
  product: ProductName,
  after: string,
): Promise<string | undefined> {
  const row = await db.kysely
    .selectFrom("device_attribute")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("name", ">", after)
    .orderBy("name")
    .limit(1)
    .executeTakeFirst();
  return row?.name;
}

/** How many devices of the product report an attribute of this name. */
export async function countAttribute(
  db: TenantDb,
  product: ProductName,
  name: string,
): Promise<number> {
  const row = await db.kysely
    .selectFrom("device_attribute")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("name", "=", name)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** The most frequent values under a name. Those that the index has only the start of are left out: nobody picks them from a list. */
export async function attributeValues(
  db: TenantDb,
  products: readonly ProductName[],
  name: string,
  search: string | undefined,
  limit: number,
): Promise<{ value: string; deviceCount: number }[]> {
  if (products.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("device_attribute")
    .select([START_OF_VALUE.as("start"), (eb) => eb.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "in", products)
    .where("name", "=", name)
    .where(sql<boolean>`length(${START_OF_VALUE}) < ${INDEXED_CHARACTERS}`)
    .groupBy(START_OF_VALUE)
    .$if(search !== undefined, (query) =>
      query.having(sql<boolean>`lower(${START_OF_VALUE}) like ${containing(search!)} escape '\\'`),
    )
    .orderBy("count", "desc")
    .orderBy("start")
    .limit(limit)
    .execute();
  return rows.map(({ start, count }) => ({ value: start, deviceCount: Number(count) }));
}
