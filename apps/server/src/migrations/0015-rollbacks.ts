import { sql, type Kysely } from "kysely";

/** What each device ran before it was updated, and the deployments that take another one back. */
const STATEMENTS = [
  `alter table assignment add column ran_before text`,
  `alter table deployment add column rollback_of text`,
  `alter table deployment add column rollback_problems text`,
  `create index deployment_rollback on deployment (rollback_of) where rollback_of is not null`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
