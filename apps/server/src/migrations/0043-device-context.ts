import { sql, type Kysely } from "kysely";

/** What devices say of their circumstances, and since when. */
const STATEMENTS = [
  `alter table device add column context text`,
  `alter table device add column context_sha256 text`,
  `alter table device add column context_at bigint`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
