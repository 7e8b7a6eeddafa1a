import { sql, type Kysely } from "kysely";

/** Devices that a person wants no deployment to offer anything. */
const STATEMENTS = [
  `create table device_hold (
    tenant_id text not null, device_id text not null primary key references device (id), note text not null,
    held_by text not null, held_at bigint not null, until bigint)`,
  `create index device_hold_of_tenant on device_hold (tenant_id, until)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
