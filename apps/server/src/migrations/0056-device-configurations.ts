import { sql, type Kysely } from "kysely";

/** Settings of devices: what people want, and what the devices say. */
const STATEMENTS = [
  `create table device_configuration (
    tenant_id text not null, device_id text not null primary key references device (id), desired text,
    desired_by text, desired_at bigint, reported text, reported_at bigint)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
