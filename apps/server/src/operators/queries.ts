import type { ApiKey, Role } from "@moult/api";
import type { Sha256, TenantId, UserId } from "@moult/model";
import type { Kysely, Selectable } from "kysely";
import { isoFrom, isoOrNull } from "../platform/columns.ts";
import type { SystemDb } from "../platform/database.ts";
import type { ApiKeyTable } from "../platform/operator-schema.ts";
import type { Schema } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

// Who somebody is comes before whose tenant it is, so the questions of signing in are asked of the system.

/** A person with a place in a tenant. */
export interface Operator {
  readonly userId: UserId;
  readonly tenantId: TenantId;
  readonly role: Role;
  readonly name: string;
  readonly email: string;
}

/** A key as it is stored, with its maker as he is now. */
export interface StoredApiKey {
  readonly id: string;
  readonly role: Role;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly operator: Operator;
}

export async function operatorOf(db: SystemDb, userId: UserId): Promise<Operator | undefined> {
  const row = await db.kysely
    .selectFrom("operator")
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select(["user_id", "tenant_id", "role", "name", "email"])
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : {
        userId: row.user_id,
        tenantId: row.tenant_id,
        role: row.role,
        name: row.name,
        email: row.email,
      };
}

export async function tenantName(db: SystemDb, tenantId: TenantId): Promise<string> {
  const { name } = await db.kysely
    .selectFrom("tenant")
    .select("name")
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
  return name;
}

/** `kysely`: outside a transaction, or that of one. */
export async function hasOperator(kysely: Kysely<Schema>, tenantId: TenantId): Promise<boolean> {
  const row = await kysely
    .selectFrom("operator")
    .select("user_id")
    .where("tenant_id", "=", tenantId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes the tenant's row until the transaction ends, so that two who set it up come one after the other. */
export async function lockTenant(kysely: Kysely<Schema>, tenantId: TenantId): Promise<void> {
  await kysely
    .updateTable("tenant")
    .set((row) => ({ name: row.ref("name") }))
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
}

export interface NewOperator extends Operator {
  readonly accountId: string;
  readonly passwordHash: string;
  readonly at: number;
  /** The name of whoever did; absent for the first administrator. */
  readonly invitedBy?: string;
}

/** A person with a password and a role, as better-auth keeps the first two. False when the e-mail address is taken. */
export async function insertOperator(
  kysely: Kysely<Schema>,
  person: NewOperator,
): Promise<boolean> {
  const { userId, at } = person;
  const times = { created_at: isoFrom(at), updated_at: isoFrom(at) };
  const inserted = await kysely
    .insertInto("auth_user")
    .values({
      id: userId,
      name: storableText(person.name),
      email: person.email,
      email_verified: 0,
      ...times,
    })
    .onConflict((conflict) => conflict.column("email").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (inserted === undefined) return false;
  await insertPlace(kysely, person);
  return true;
}

/** The password and the role of a person whom better-auth knows. */
export async function insertPlace(
  kysely: Kysely<Schema>,
  { userId, tenantId, role, accountId, passwordHash, at, invitedBy }: NewOperator,
): Promise<void> {
  await kysely
    .insertInto("auth_account")
    .values({
      id: accountId,
      user_id: userId,
      account_id: userId,
      provider_id: "credential",
      password: passwordHash,
      created_at: isoFrom(at),
      updated_at: isoFrom(at),
    })
    .execute();
  await kysely
    .insertInto("operator")
    .values({
      user_id: userId,
      tenant_id: tenantId,
      role,
      created_at: at,
      invited_by: invitedBy ?? null,
    })
    .execute();
}

/** better-auth removes a session that ended when it is shown again; most are not. */
export async function deleteEndedSessions(kysely: Kysely<Schema>, now: number): Promise<void> {
  await kysely.deleteFrom("auth_session").where("expires_at", "<", isoFrom(now)).execute();
}

/** Undefined also when its maker has no place in the tenant any more. */
export async function apiKeyByDigest(
  db: SystemDb,
  digest: Sha256,
): Promise<StoredApiKey | undefined> {
  const row = await db.kysely
    .selectFrom("api_key as key")
    .innerJoin("operator", (join) =>
      join
        .onRef("operator.user_id", "=", "key.user_id")
        .onRef("operator.tenant_id", "=", "key.tenant_id"),
    )
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select(["key.id", "key.role as key_role", "key.expires_at", "key.last_used_at"])
    .select(["operator.user_id", "operator.tenant_id", "operator.role"])
    .select(["auth_user.name", "auth_user.email"])
    .where("key.secret_sha256", "=", digest)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : {
        id: row.id,
        role: row.key_role,
        expiresAt: row.expires_at,
        lastUsedAt: row.last_used_at,
        operator: {
          userId: row.user_id,
          tenantId: row.tenant_id,
          role: row.role,
          name: row.name,
          email: row.email,
        },
      };
}

/** Says when a key was used; never moves it back. */
export async function touchApiKey(
  kysely: Kysely<Schema>,
  keyId: string,
  at: number,
): Promise<void> {
  await kysely
    .updateTable("api_key")
    .set({ last_used_at: at })
    .where("id", "=", keyId)
    .where((row) => row.or([row("last_used_at", "is", null), row("last_used_at", "<", at)]))
    .execute();
}

/**
 * Takes the operator's row until the transaction ends: keys are counted and made one after the other, and not for somebody
 * who is being removed. Undefined when he has no place in the tenant.
 */
export async function lockOperator(db: TenantDb, userId: UserId): Promise<Role | undefined> {
  const row = await db.kysely
    .updateTable("operator")
    .set((operator) => ({ role: operator.ref("role") }))
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .returning("role")
    .executeTakeFirst();
  return row?.role;
}

export async function countApiKeys(db: TenantDb, userId: UserId): Promise<number> {
  const { count } = await db.kysely
    .selectFrom("api_key")
    .select((row) => row.fn.countAll<number | string>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export interface NewApiKey {
  readonly id: string;
  readonly userId: UserId;
  readonly name: string;
  readonly role: Role;
  readonly start: string;
  readonly digest: Sha256;
  readonly at: number;
  readonly expiresAt: number | null;
}

export async function insertApiKey(db: TenantDb, key: NewApiKey): Promise<ApiKey> {
  const row = await db.kysely
    .insertInto("api_key")
    .values({
      id: key.id,
      tenant_id: db.tenantId,
      user_id: key.userId,
      name: storableText(key.name),
      role: key.role,
      start: key.start,
      secret_sha256: key.digest,
      created_at: key.at,
      expires_at: key.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return apiKeyFrom(row);
}

/** One person's keys, newest first. */
export async function apiKeysOf(db: TenantDb, userId: UserId): Promise<ApiKey[]> {
  const rows = await db.kysely
    .selectFrom("api_key")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .execute();
  return rows.map(apiKeyFrom);
}

/** False when the person has no such key. */
export async function deleteApiKey(db: TenantDb, userId: UserId, keyId: string): Promise<boolean> {
  const deleted = await db.kysely
    .deleteFrom("api_key")
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .where("id", "=", keyId)
    .returning("id")
    .executeTakeFirst();
  return deleted !== undefined;
}

const apiKeyFrom = (row: Selectable<ApiKeyTable>): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  start: row.start,
  createdAt: isoFrom(row.created_at),
  expiresAt: isoOrNull(row.expires_at),
  lastUsedAt: isoOrNull(row.last_used_at),
});
