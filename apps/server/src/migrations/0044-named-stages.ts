import { sql, type Kysely } from "kysely";

/** Whom the stages of a plan name, by group or by query. */
const STATEMENTS = [`alter table deployment add column named_stages text`] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
