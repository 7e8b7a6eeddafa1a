import { sql, type Kysely } from "kysely";

/** What devices swore of their updates, and the seal over everything that happened. */
const STATEMENTS = [
  `create table device_receipt (
    id text primary key, tenant_id text not null, device_id text not null, assignment_id text not null,
    deployment_id text not null, attempt integer not null, outcome text not null, envelope text not null, problem text,
    received_at bigint not null)`,
  `create unique index device_receipt_of_try on device_receipt (assignment_id, attempt)`,
  `create index device_receipt_newest on device_receipt (device_id, received_at, id)`,
  // Events in their order, some at a time: none is changed or taken out of the middle without the chain telling.
  `create table audit_block (
    tenant_id text not null, number bigint not null, first_sequence bigint not null, last_sequence bigint not null,
    event_count integer not null, events_sha256 text not null, sha256 text not null, sealed_at bigint not null,
    primary key (tenant_id, number))`,
  `create unique index audit_block_events on audit_block (tenant_id, last_sequence)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
