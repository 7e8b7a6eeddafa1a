import { sql, type Kysely } from "kysely";

/** Who approved which stage. Plans without approvals, as all are up to now, lack none in any of their stages. */
const STATEMENTS = [
  `alter table deployment add column created_by_user text`,
  `alter table deployment add column approvals text`,
  `alter table deployment add column approved_stages integer not null default 20`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
