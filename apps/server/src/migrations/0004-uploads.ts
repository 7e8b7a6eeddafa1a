import { sql, type Kysely } from "kysely";

/** Files that arrive in parts. What became of an upload stays as long as the upload would have. */
const STATEMENTS = [
  `create table upload (
    id text primary key, tenant_id text not null, user_id text not null, product text not null, channel text not null,
    file_name text not null, size_bytes bigint not null, received_bytes bigint not null, state text not null,
    release_id text, artifact_id text, created integer, problem text, created_at bigint not null,
    expires_at bigint not null,
    foreign key (tenant_id, product) references product (tenant_id, name))`,
  `create index upload_newest on upload (tenant_id, user_id, created_at, id)`,
  `create index upload_end on upload (state, expires_at)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
