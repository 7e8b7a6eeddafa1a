import { sql, type Kysely } from "kysely";

/** What a release asks of who takes it, and what it asks of those who take a later one. */
const STATEMENTS = [
  `alter table release add column minimum_from text`,
  `alter table release add column must_pass_through integer not null default 0`,
  `create index release_stepping_stone on release (tenant_id, product) where must_pass_through = 1`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
