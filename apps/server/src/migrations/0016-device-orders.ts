import { sql, type Kysely } from "kysely";

/** What people ask of single devices in a deployment: to go ahead, and to have their tries anew. */
const STATEMENTS = [
  `alter table assignment add column tries_after integer not null default 0`,
  `create table deployment_forced (
    tenant_id text not null, deployment_id text not null references deployment (id), device_id text not null,
    forced_by text not null, forced_at bigint not null, primary key (deployment_id, device_id))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
