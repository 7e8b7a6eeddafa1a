import { sql, type Kysely } from "kysely";

/** What a plan limits over time: all that was taken, and how much of it before each span of time. */
const STATEMENTS = [
  `alter table deployment add column offers bigint not null default 0`,
  `create table deployment_flow (
    tenant_id text not null, deployment_id text not null references deployment (id), what text not null, at bigint not null,
    taken_before bigint not null, primary key (deployment_id, what, at))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
