import { sql, type Kysely } from "kysely";

/** Why a try that the server had decided on was not signed, the last time it was not. */
const STATEMENTS = [`alter table attempt add column signer_refusal text`] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
