import { sql, type Kysely } from "kysely";

/** Who had what a deployment brought taken back, and to where. */
const STATEMENTS = [
  `alter table deployment add column rollback_order text`,
  `create index deployment_rolled_back on deployment (tenant_id, number) where rollback_order is not null`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
