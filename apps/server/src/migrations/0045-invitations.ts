import { sql, type Kysely } from "kysely";

/** Places that people were offered: of each code a digest, for each address one. */
const STATEMENTS = [
  `create table invitation (
    id text primary key, tenant_id text not null references tenant (id), email text not null, role text not null,
    code_sha256 text not null, invited_by text not null, invited_by_user text not null, created_at bigint not null,
    expires_at bigint not null)`,
  `create unique index invitation_code on invitation (code_sha256)`,
  `create unique index invitation_email on invitation (tenant_id, email)`,
  `alter table operator add column invited_by text`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
