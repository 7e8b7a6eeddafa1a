import { sql, type Kysely } from "kysely";

/** A device's latest actions are read at each poll, and a tenant has as many as its devices had tries. */
const STATEMENTS = [
  `drop index controller_action_of_device`,
  `create index controller_action_of_device on controller_action (tenant_id, device_id, number)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
