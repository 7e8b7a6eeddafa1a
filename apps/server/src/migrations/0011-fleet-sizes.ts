import { sql, type Kysely } from "kysely";

/** How many devices there are to share out an hour's installs among; the signer reads it. */
const STATEMENTS = [
  `create view signable_fleet as
    select tenant_id, product, count(*) as accepted from device where state = 'accepted' group by tenant_id, product`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
