import { sql, type Kysely } from "kysely";

/** How many bytes of artifacts a deployment whose plan limits them has offered. */
const STATEMENTS = [
  `alter table deployment add column offered_bytes bigint not null default 0`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
