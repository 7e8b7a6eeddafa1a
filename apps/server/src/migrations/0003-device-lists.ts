import { sql, type Kysely } from "kysely";
import type { Dialect } from "../platform/dialect.ts";

/**
 * Lists of devices in other orders and by other filters, and changes of many devices at once. `device.sort_name` is the
 * first line of the search text: the name, or else what the maker tells the device by.
 */
const SORT_NAME = {
  sqlite: [
    `alter table device add column sort_name text not null default ''`,
    `update device set sort_name = substr(ltrim(search_text, char(10)), 1,
      instr(ltrim(search_text, char(10)) || char(10), char(10)) - 1)`,
  ],
  // By bytes, as SQLite compares, so that both give the same order.
  postgres: [
    `alter table device add column sort_name text collate "C" not null default ''`,
    `update device set sort_name = split_part(ltrim(search_text, chr(10)), chr(10), 1)`,
  ],
} as const;

const STATEMENTS = [
  `create index device_by_name on device (tenant_id, sort_name, id)`,
  `create index device_by_name_in_product on device (tenant_id, product, sort_name, id)`,
  // State and product come along so that whoever counts by contact reads the index alone.
  `create index device_seen on device (tenant_id, coalesce(last_seen_at, 0), id, state, product)`,
  `create index device_updating on device (tenant_id, open_assignment_id) where open_assignment_id is not null`,
  `create index device_running on device (tenant_id, running_artifact, enrolled_at, id)`,
  `create index device_hardware on device (tenant_id, hardware_type)`,
  // An attribute names its device's product, so that a product's names and values are one range of the index.
  `alter table device_attribute add column product text not null default ''`,
  `update device_attribute set product = (select product from device where device.id = device_attribute.device_id)`,
  `drop index device_attribute_value`,
  // Of the start of a value: PostgreSQL refuses rows whose index entry exceeds a third of a page.
  `create index device_attribute_value on device_attribute
    (tenant_id, product, name, substr(value, 1, 128), device_id)`,
  `create table bulk_change (
    id text primary key, tenant_id text not null references tenant (id), action text not null, state text not null,
    total bigint not null, done bigint not null, changed bigint not null, unchanged bigint not null,
    refused text not null, created_by text not null, created_at bigint not null, finished_at bigint)`,
  `create index bulk_change_newest on bulk_change (tenant_id, created_at, id)`,
  `create index bulk_change_unfinished on bulk_change (state, created_at) where finished_at is null`,
  `create table bulk_change_member (
    tenant_id text not null, bulk_change_id text not null references bulk_change (id) on delete cascade,
    device_id text not null, primary key (bulk_change_id, device_id))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const statement of [...SORT_NAME[dialect], ...STATEMENTS])
    await sql.raw(statement).execute(db);
}
