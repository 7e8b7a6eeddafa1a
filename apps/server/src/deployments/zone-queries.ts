import type { DeviceId, ProductName, TenantId } from "@moult/model";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { inScope, type Scope } from "./scope-queries.ts";

/** Some attributes of one device, by name; what it does not have is not there. */
export async function attributesNamed(
  db: TenantDb,
  deviceId: DeviceId,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  if (names.length === 0) return {};
  const rows = await db.kysely
    .selectFrom("device_attribute")
    .select(["name", "value"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("name", "in", names)
    .execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** An attribute of the row `device`; null where it has none. */
export const attributeOf = (db: TenantDb, name: string) => sql<string | null>`(
  select asked.value from device_attribute as asked where asked.device_id = device.id
    and asked.name = ${name}
    and ${besideIndex(db, sql.ref<TenantId>("asked.tenant_id"))} = ${db.tenantId})`;

/** How many accepted devices of a scope have which value of an attribute. */
export async function countByAttribute(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  name: string,
): Promise<{ readonly value: string | null; readonly count: number }[]> {
  const rows = await inScope(db, product, scope)
    .where(besideIndex(db, sql.ref<string>("device.state")), "=", "accepted")
    .select([attributeOf(db, name).as("value"), (row) => row.fn.countAll<number>().as("count")])
    .groupBy("value")
    .execute();
  return rows.map(({ value, count }) => ({ value, count: Number(count) }));
}
