import { sql, type Kysely } from "kysely";

/** The priority of each deployment's plan, to be ordered by; those of before have the one that plans have unless told. */
const STATEMENTS = [
  `alter table deployment add column priority integer not null default 5`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
