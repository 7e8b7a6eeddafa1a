import { sql, type Kysely } from "kysely";

/** What a device said of its start while its client was at an update, and when that refused to give it up: not for ever. */
const STATEMENTS = [
  `alter table controller_action add column boot_id text`,
  `alter table controller_action add column refused_at bigint`,
  `alter table controller_action drop column refused_cancel`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
