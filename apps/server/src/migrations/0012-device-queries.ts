import { orderKey } from "@moult/query";
import { sql, type Kysely } from "kysely";
import type { Dialect } from "../platform/dialect.ts";

/**
 * Queries over devices. The order of versions is kept as a text beside each value that has one, by bytes on both databases,
 * so that all that compares compares the same. A group with a query is dynamic; a deployment to it keeps the query that applies,
 * which changes with the group's until the deployment is over.
 */
const STATEMENTS = {
  sqlite: [
    `alter table device add column running_order_key text`,
    `alter table device_attribute add column order_key text not null default ''`,
  ],
  postgres: [
    `alter table device add column running_order_key text collate "C"`,
    `alter table device_attribute add column order_key text collate "C" not null default ''`,
  ],
} as const;

const GROUPS = [
  `alter table device_group add column query text`,
  `alter table deployment add column target_query text`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const statement of [...STATEMENTS[dialect], ...GROUPS]) await sql.raw(statement).execute(db);
  await fillAttributes(db);
  await fillRunning(db);
}

const PAGE = 1_000;

async function fillAttributes(db: Kysely<unknown>): Promise<void> {
  let after = { device_id: "", name: "" };
  for (;;) {
    const { rows } = await sql<{ device_id: string; name: string; value: string }>`
      select device_id, name, value from device_attribute
      where (device_id, name) > (${after.device_id}, ${after.name})
      order by device_id, name limit ${sql.lit(PAGE)}`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const { device_id, name, value } of rows)
      await sql`update device_attribute set order_key = ${orderKey(value)}
        where device_id = ${device_id} and name = ${name}`.execute(db);
    after = last;
  }
}

/** A fleet runs few artifacts. */
async function fillRunning(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select distinct running_artifact as name from device where running_artifact is not null`.execute(
    db,
  );
  for (const { name } of rows)
    await sql`update device set running_order_key = ${orderKey(name)} where running_artifact = ${name}`.execute(
      db,
    );
}
