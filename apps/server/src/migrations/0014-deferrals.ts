import { sql, type Kysely } from "kysely";

/** Why a device puts the next step of its update off, as JSON; null while it goes on. */
const STATEMENT = `alter table assignment add column deferral text`;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENT).execute(db);
}
