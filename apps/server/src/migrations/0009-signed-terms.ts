import { sql, type Kysely } from "kysely";

/** What the signers of a published target allow it for. */
const STATEMENTS = [
  `alter table trust_target add column security_counter bigint`,
  `alter table trust_target add column conflicts text`,
  `alter table trust_target add column min_agent text`,
  `alter table trust_target add column not_before bigint`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
