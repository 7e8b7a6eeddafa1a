import { ROLES, may, type Invitation, type Permission, type Person, type Role } from "@moult/api";
import type { Sha256, TenantId, UserId } from "@moult/model";
import type { Selectable } from "kysely";
import { isoFrom } from "../platform/columns.ts";
import type { SystemDb } from "../platform/database.ts";
import type { InvitationTable } from "../platform/operator-schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { insertPlace, type NewOperator } from "./queries.ts";

/** Somebody with a place in the tenant, without who asks. */
export type StoredPerson = Omit<Person, "isYou">;

/** Everybody with a place in the tenant, by name. */
export async function peopleOf(db: TenantDb): Promise<StoredPerson[]> {
  const rows = await people(db).orderBy("auth_user.name").orderBy("auth_user.email").execute();
  return rows.map(personFrom);
}

export async function personById(db: TenantDb, userId: UserId): Promise<StoredPerson | undefined> {
  const row = await people(db).where("operator.user_id", "=", userId).executeTakeFirst();
  return row && personFrom(row);
}

const people = (db: TenantDb) =>
  db.kysely
    .selectFrom("operator")
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select(["operator.user_id", "operator.role", "operator.created_at", "operator.invited_by"])
    .select(["auth_user.name", "auth_user.email"])
    .select((row) =>
      row
        .selectFrom("api_key")
        .select((key) => key.fn.countAll<number | string>().as("count"))
        .where("api_key.tenant_id", "=", db.tenantId)
        .whereRef("api_key.user_id", "=", "operator.user_id")
        .as("api_keys"),
    )
    .where("operator.tenant_id", "=", db.tenantId);

type PersonRow = Awaited<ReturnType<ReturnType<typeof people>["execute"]>>[number];

const personFrom = (row: PersonRow): StoredPerson => ({
  id: row.user_id,
  name: row.name,
  email: row.email,
  role: row.role,
  invitedBy: row.invited_by,
  createdAt: isoFrom(row.created_at),
  apiKeys: Number(row.api_keys),
});

/** Others than `userId` whose role allows it. */
export async function othersWhoMay(
  db: TenantDb,
  userId: UserId,
  permission: Permission,
): Promise<Pick<Person, "name" | "email" | "role">[]> {
  return db.kysely
    .selectFrom("operator")
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select(["auth_user.name", "auth_user.email", "operator.role"])
    .where("operator.tenant_id", "=", db.tenantId)
    .where("operator.user_id", "!=", userId)
    .where(
      "operator.role",
      "in",
      ROLES.filter((role) => may(role, permission)),
    )
    .orderBy("auth_user.name")
    .orderBy("auth_user.email")
    .execute();
}

export async function setRole(db: TenantDb, userId: UserId, role: Role): Promise<void> {
  await db.kysely
    .updateTable("operator")
    .set({ role })
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .execute();
}

/**
 * Takes the place, the keys that hang on it, the sessions and the password. Who it was stays: what they made and approved
 * counts as theirs, also should they be invited again.
 */
export async function deletePlace(db: TenantDb, userId: UserId): Promise<void> {
  await db.kysely
    .deleteFrom("operator")
    .where("tenant_id", "=", db.tenantId)
    .where("user_id", "=", userId)
    .execute();
  await db.kysely.deleteFrom("auth_session").where("user_id", "=", userId).execute();
  await db.kysely.deleteFrom("auth_account").where("user_id", "=", userId).execute();
}

/** Newest first; also those that are over. */
export async function invitationsOf(db: TenantDb): Promise<Invitation[]> {
  const rows = await db.kysely
    .selectFrom("invitation")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .execute();
  return rows.map(invitationFrom);
}

export interface NewInvitation {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly digest: Sha256;
  readonly invitedBy: string;
  readonly invitedByUser: UserId;
  readonly at: number;
  readonly expiresAt: number;
}

/** An earlier one for the address is void. */
export async function putInvitation(db: TenantDb, invitation: NewInvitation): Promise<Invitation> {
  await db.kysely
    .deleteFrom("invitation")
    .where("tenant_id", "=", db.tenantId)
    .where("email", "=", invitation.email)
    .execute();
  const row = await db.kysely
    .insertInto("invitation")
    .values({
      id: invitation.id,
      tenant_id: db.tenantId,
      email: invitation.email,
      role: invitation.role,
      code_sha256: invitation.digest,
      invited_by: invitation.invitedBy,
      invited_by_user: invitation.invitedByUser,
      created_at: invitation.at,
      expires_at: invitation.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return invitationFrom(row);
}

export async function countInvitations(db: TenantDb): Promise<number> {
  const { count } = await db.kysely
    .selectFrom("invitation")
    .select((row) => row.fn.countAll<number | string>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function deleteInvitation(
  db: TenantDb,
  invitationId: string,
): Promise<Invitation | undefined> {
  const row = await db.kysely
    .deleteFrom("invitation")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", invitationId)
    .returningAll()
    .executeTakeFirst();
  return row && invitationFrom(row);
}

export async function deleteInvitationsBy(db: TenantDb, userId: UserId): Promise<Invitation[]> {
  const rows = await db.kysely
    .deleteFrom("invitation")
    .where("tenant_id", "=", db.tenantId)
    .where("invited_by_user", "=", userId)
    .returningAll()
    .execute();
  return rows.map(invitationFrom);
}

/** Whose tenant an invitation is for is known by its code alone. */
export async function invitationByDigest(
  db: SystemDb,
  digest: Sha256,
): Promise<(Invitation & { readonly tenantId: TenantId }) | undefined> {
  const row = await db.kysely
    .selectFrom("invitation")
    .selectAll()
    .where("code_sha256", "=", digest)
    .executeTakeFirst();
  return row && { ...invitationFrom(row), tenantId: row.tenant_id };
}

/** The account that better-auth has for the address, and whether it has a place in any tenant. */
export async function accountByEmail(
  db: TenantDb,
  email: string,
): Promise<{ readonly userId: UserId; readonly hasPlace: boolean } | undefined> {
  const row = await db.kysely
    .selectFrom("auth_user")
    .leftJoin("operator", "operator.user_id", "auth_user.id")
    .select(["auth_user.id", "operator.tenant_id"])
    .where("auth_user.email", "=", email)
    .executeTakeFirst();
  return row && { userId: row.id, hasPlace: row.tenant_id !== null };
}

/** Gives an account that lost its place another, with the name and the password of now. */
export async function returnPerson(db: TenantDb, person: NewOperator): Promise<void> {
  await db.kysely
    .updateTable("auth_user")
    .set({ name: storableText(person.name), updated_at: isoFrom(person.at) })
    .where("id", "=", person.userId)
    .execute();
  await insertPlace(db.kysely, person);
}

const invitationFrom = (row: Selectable<InvitationTable>): Invitation => ({
  id: row.id,
  email: row.email,
  role: row.role,
  invitedBy: row.invited_by,
  createdAt: isoFrom(row.created_at),
  expiresAt: isoFrom(row.expires_at),
});
