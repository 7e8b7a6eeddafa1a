import { sql, type Kysely } from "kysely";

/** What an upload is called and fits, where its file is of another format and does not say so itself. */
const STATEMENTS = [
  `alter table upload add column version text`,
  `alter table upload add column hardware_types text`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
