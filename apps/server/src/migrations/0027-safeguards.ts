import { sql, type Kysely } from "kysely";

/** Devices that a release is kept from, in every deployment. */
const STATEMENTS = [
  `create table safeguard (
    id text primary key, tenant_id text not null, release_id text not null references release (id) on delete cascade,
    query text not null, note text not null, created_by text not null, created_at bigint not null,
    lifted_by text, lifted_at bigint)`,
  `create index safeguard_of_release on safeguard (tenant_id, release_id, lifted_at)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
