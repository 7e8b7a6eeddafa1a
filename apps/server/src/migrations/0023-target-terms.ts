import { sql, type Kysely } from "kysely";

/** Targets that are frozen, and whom a target leaves out. */
const STATEMENTS = [
  `alter table deployment add column target_frozen integer not null default 0`,
  `alter table deployment add column target_terms text`,
  `create table deployment_excluded (
    tenant_id text not null, deployment_id text not null references deployment (id), device_id text not null,
    primary key (deployment_id, device_id))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
