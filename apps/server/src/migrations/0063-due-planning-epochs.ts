import { sql, type Kysely } from "kysely";

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // By when the planning epoch is to be raised for changes that can wait.
  await sql.raw(`alter table tenant add column planning_epoch_due_at bigint`).execute(db);
}
