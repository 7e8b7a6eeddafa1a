import { sql, type Kysely } from "kysely";

/** When a device in an update began what it is at; of updates of before, when it was last heard of. */
const STATEMENTS = [
  `alter table assignment add column phase_since bigint not null default 0`,
  `update assignment set phase_since = updated_at`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
