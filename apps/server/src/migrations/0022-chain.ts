import { sql, type Kysely } from "kysely";

/** A chain of each deployment's events, with the inputs that decided them. Events of before are in no chain. */
const STATEMENTS = [
  `alter table event add column chain_number bigint`,
  `alter table event add column chain_sha256 text`,
  `alter table event add column inputs text`,
  `create unique index event_chain on event (deployment_id, chain_number) where chain_number is not null`,
  `create index event_unchained on event (deployment_id, sequence)
    where chain_number is null and deployment_id is not null
    and kind not in ('assignment-progressed', 'offer-not-signed', 'receipt-invalid')`,
  `alter table deployment add column chain_number bigint not null default 0`,
  `alter table deployment add column chain_sha256 text not null
    default '0000000000000000000000000000000000000000000000000000000000000000'`,
  `create table deployment_fact (
    tenant_id text not null, deployment_id text not null references deployment (id), sha256 text not null,
    content text not null, primary key (deployment_id, sha256))`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
