import { sql, type Kysely } from "kysely";

/** How many devices of a site are in a deployment's update, and where each was counted. */
const STATEMENTS = [
  `alter table assignment add column site text`,
  `create table deployment_site (
    tenant_id text not null, deployment_id text not null references deployment (id), site text not null,
    open bigint not null, primary key (deployment_id, site))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
