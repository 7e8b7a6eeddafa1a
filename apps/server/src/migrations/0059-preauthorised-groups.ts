import { sql, type Kysely } from "kysely";

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Groups that a preauthorised device is put into when it comes.
  await sql.raw(`alter table preauthorisation add column group_ids text`).execute(db);
}
