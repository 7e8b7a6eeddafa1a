import { sql, type Kysely } from "kysely";

/**
 * Each tenant's TUF repository (docs/decisions/0013). A file without `published_at` is staged: the signer counts it when it makes
 * the snapshot that will name it, and nobody else sees it.
 */
const STATEMENTS = [
  `create table trust_file (
    tenant_id text not null, role text not null, version bigint not null, file text not null, content text not null,
    sha256 text not null, size_bytes integer not null, expires_at bigint not null, published_at bigint,
    primary key (tenant_id, role, version))`,
  // What devices ask for, by the name they ask for it.
  `create unique index trust_file_name on trust_file (tenant_id, file) where published_at is not null and role <> 'timestamp'`,
  `create table trust_role (
    tenant_id text not null, role text not null, product text, channel text, version bigint not null,
    expires_at bigint not null, threshold integer not null, keyids text not null, target_count integer not null,
    warned text, primary key (tenant_id, role))`,
  `create table trust_target (
    tenant_id text not null, path text not null, artifact_id text not null, role text not null,
    role_version bigint not null, primary key (tenant_id, path))`,
  `create index trust_target_artifact on trust_target (artifact_id)`,
  `create index trust_target_role on trust_target (tenant_id, role)`,
  `create table trust_proposal (
    id text primary key, tenant_id text not null, state text not null, note text not null, created_by text not null,
    created_at bigint not null, closed_at bigint)`,
  `create index trust_proposal_newest on trust_proposal (tenant_id, created_at, id)`,
  `create index trust_proposal_open on trust_proposal (tenant_id, state) where closed_at is null`,
  `create table trust_proposal_file (
    tenant_id text not null, proposal_id text not null references trust_proposal (id) on delete cascade,
    role text not null, version bigint not null, expires_at bigint not null, signed text not null,
    primary key (proposal_id, role))`,
  `create table trust_proposal_signature (
    tenant_id text not null, proposal_id text not null references trust_proposal (id) on delete cascade,
    role text not null, keyid text not null, sig text not null, added_by text not null, added_at bigint not null,
    primary key (proposal_id, role, keyid))`,
  // All that the signer may read of it: what it verifies itself before it signs anything.
  `create view signable_trust_file as
    select tenant_id, role, version, content, expires_at, published_at from trust_file`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
