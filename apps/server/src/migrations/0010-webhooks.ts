import { sql, type Kysely } from "kysely";

/** What other systems are told of events: how far each has been looked through for, and what is still to be delivered. */
const STATEMENTS = [
  `create table webhook_cursor (
    tenant_id text not null, webhook text not null, sequence bigint not null, primary key (tenant_id, webhook))`,
  `create table webhook_delivery (
    id text primary key, tenant_id text not null, webhook text not null, sequence bigint not null, body text not null,
    attempts integer not null, next_at bigint not null, created_at bigint not null)`,
  `create index webhook_delivery_due on webhook_delivery (tenant_id, webhook, next_at)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
