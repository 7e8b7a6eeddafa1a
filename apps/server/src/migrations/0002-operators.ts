import { sql, type Kysely } from "kysely";

/**
 * People. The `auth_` tables hold what better-auth writes: its instants are ISO text and its flags 0 or 1, on both dialects
 * (docs/decisions/0004). `operator` ties a person to one tenant and a role; an API key is a person's, in that tenant.
 */
const STATEMENTS = [
  `create table auth_user (
    id text primary key, name text not null, email text not null, email_verified integer not null, image text,
    created_at text not null, updated_at text not null)`,
  `create unique index auth_user_email on auth_user (email)`,
  `create table auth_session (
    id text primary key, token text not null, user_id text not null references auth_user (id) on delete cascade,
    expires_at text not null, ip_address text, user_agent text, created_at text not null, updated_at text not null)`,
  `create unique index auth_session_token on auth_session (token)`,
  `create index auth_session_user on auth_session (user_id)`,
  `create index auth_session_end on auth_session (expires_at)`,
  `create table auth_account (
    id text primary key, user_id text not null references auth_user (id) on delete cascade, account_id text not null,
    provider_id text not null, access_token text, refresh_token text, id_token text, access_token_expires_at text,
    refresh_token_expires_at text, scope text, password text, created_at text not null, updated_at text not null)`,
  `create index auth_account_user on auth_account (user_id)`,
  `create table auth_verification (
    id text primary key, identifier text not null, value text not null, expires_at text not null,
    created_at text not null, updated_at text not null)`,
  `create index auth_verification_identifier on auth_verification (identifier)`,
  `create table operator (
    user_id text primary key references auth_user (id) on delete cascade,
    tenant_id text not null references tenant (id), role text not null, created_at bigint not null)`,
  `create index operator_tenant on operator (tenant_id)`,
  `create table api_key (
    id text primary key, tenant_id text not null references tenant (id),
    user_id text not null references operator (user_id) on delete cascade, name text not null, role text not null,
    start text not null, secret_sha256 text not null, created_at bigint not null, expires_at bigint,
    last_used_at bigint)`,
  `create unique index api_key_secret on api_key (secret_sha256)`,
  `create index api_key_of_user on api_key (tenant_id, user_id, created_at)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
