import { sql, type Kysely } from "kysely";

/** Devices that speak hawkBit's protocol: what they are known by, who speaks for them, and the numbers of their updates. */
const STATEMENTS = [
  `create table controller (
    tenant_id text not null, controller_id text not null, device_id text not null unique references device (id),
    token_sha256 text, uses_certificate integer not null, wants_attributes integer not null,
    created_at bigint not null, primary key (tenant_id, controller_id))`,
  `create table controller_gateway (
    id text not null primary key, tenant_id text not null, product text not null, hardware_type text not null,
    label text not null, secret_sha256 text not null unique, created_at bigint not null)`,
  `create index controller_gateway_of_tenant on controller_gateway (tenant_id, created_at)`,
  `create table controller_gateway_member (
    tenant_id text not null, gateway_id text not null references controller_gateway (id),
    controller_id text not null, primary key (gateway_id, controller_id))`,
  `create table controller_action (
    tenant_id text not null, number bigint not null, device_id text not null references device (id),
    assignment_id text not null references assignment (id), attempt integer not null, fetched_at bigint,
    confirmed_at bigint,
    written_at bigint, closed_at bigint, refused_cancel integer not null default 0,
    primary key (tenant_id, number), unique (assignment_id, attempt))`,
  `create index controller_action_of_device on controller_action (tenant_id, device_id, closed_at)`,
  `alter table tenant add column controller_action_number bigint not null default 0`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
