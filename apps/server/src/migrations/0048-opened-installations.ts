import { sql, type Kysely } from "kysely";

/** When a person let devices install what they have downloaded, and which devices were told. */
const STATEMENTS = [
  `alter table deployment add column installation_opened_at bigint`,
  `alter table assignment add column installation_told integer not null default 0`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
