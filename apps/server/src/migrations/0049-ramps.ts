import { sql, type Kysely } from "kysely";

/** What a deployment had done when its open stage opened: from there its ramp counts. */
const STATEMENTS = [
  `alter table deployment add column opened_with_offers bigint not null default 0`,
  `alter table deployment add column opened_with_succeeded bigint not null default 0`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
