import { may, type Invitation, type Role } from "@moult/api";
import { DAY_MS, later, type InstantMs } from "@moult/base";
import type { UserId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { Principal } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { invitationDigest } from "./invitation-code.ts";
import {
  countInvitations,
  deleteInvitation,
  deleteInvitationsBy,
  deletePlace,
  peopleOf,
  personById,
  putInvitation,
  setRole,
  type StoredPerson,
} from "./people-queries.ts";
import { lockTenant } from "./queries.ts";

/** Of one tenant; they are listed on one page. */
export const INVITATIONS_MAX = 200;

/** Who acts; what a program does with a key counts as done by the person who made the key. */
export type Actor = Pick<Principal, "userId" | "name">;

/** Throws `ApiError` `name-taken` for an address that has a place here, and `state-conflict` for one invitation too many. */
export async function invite(
  db: TenantDb,
  actor: Actor,
  asked: { readonly email: string; readonly role: Role; readonly expiresInDays: number },
  { code, at }: { readonly code: string; readonly at: InstantMs },
): Promise<Invitation> {
  const email = asked.email.toLowerCase();
  return db.transaction(async (inner) => {
    await demandMayChangePeople(inner, actor);
    const known = (await peopleOf(inner)).find((person) => person.email === email);
    if (known !== undefined)
      throw new ApiError(
        "name-taken",
        `${known.name} has a place here with this e-mail address, as ${known.role}.`,
      );
    const { role, expiresInDays } = asked;
    const invitation = await putInvitation(inner, {
      id: newId(at),
      email,
      role,
      digest: invitationDigest(code),
      invitedBy: actor.name,
      invitedByUser: actor.userId,
      at,
      expiresAt: later(at, expiresInDays * DAY_MS),
    });
    if ((await countInvitations(inner)) > INVITATIONS_MAX)
      throw conflict(
        `There are ${INVITATIONS_MAX} invitations, which is the limit; revoke some that are over.`,
      );
    const { expiresAt } = invitation;
    const body = { kind: "person-invited", email, role, expiresAt, by: actor.name } as const;
    await appendEvent(inner, { at, body });
    return invitation;
  });
}

/** Throws `ApiError` `not-found`. */
export async function revokeInvitation(
  db: TenantDb,
  actor: Actor,
  invitationId: string,
  at: InstantMs,
): Promise<void> {
  await db.transaction(async (inner) => {
    await demandMayChangePeople(inner, actor);
    const revoked = await deleteInvitation(inner, invitationId);
    if (revoked === undefined)
      throw new ApiError("not-found", "There is no such invitation; it may have been accepted.");
    await tellRevoked(inner, actor, [revoked], at);
  });
}

/** Throws `ApiError` `not-found`, and `state-conflict` for oneself. */
export async function changeRole(
  db: TenantDb,
  actor: Actor,
  personId: UserId,
  to: Role,
  at: InstantMs,
): Promise<StoredPerson> {
  return db.transaction(async (inner) => {
    const person = await demandOther(inner, actor, personId, "change your role");
    const { name, email, role: from } = person;
    if (from === to) return person;
    await setRole(inner, personId, to);
    if (!may(to, "people:write"))
      await tellRevoked(inner, actor, await deleteInvitationsBy(inner, personId), at);
    const body = { kind: "person-role-changed", name, email, from, to, by: actor.name } as const;
    await appendEvent(inner, { at, body });
    return { ...person, role: to };
  });
}

/** Throws `ApiError` `not-found`, and `state-conflict` for oneself. */
export async function removePerson(
  db: TenantDb,
  actor: Actor,
  personId: UserId,
  at: InstantMs,
): Promise<void> {
  await db.transaction(async (inner) => {
    const { name, email } = await demandOther(inner, actor, personId, "remove you");
    await deletePlace(inner, personId);
    await tellRevoked(inner, actor, await deleteInvitationsBy(inner, personId), at);
    const body = { kind: "person-removed", name, email, by: actor.name } as const;
    await appendEvent(inner, { at, body });
  });
}

/**
 * All that changes people comes one after the other, and whoever does it may still. Nobody changes or removes themselves, so
 * each such change leaves at least the administrator who made it.
 */
async function demandMayChangePeople(db: TenantDb, { userId }: Actor): Promise<void> {
  await lockTenant(db.kysely, db.tenantId);
  const actor = await personById(db, userId);
  if (actor === undefined)
    throw new ApiError("unauthenticated", "You are not an operator here any more.");
  if (!may(actor.role, "people:write"))
    throw new ApiError("forbidden", `Your role is ${actor.role} by now.`);
}

async function demandOther(
  db: TenantDb,
  actor: Actor,
  personId: UserId,
  what: string,
): Promise<StoredPerson> {
  await demandMayChangePeople(db, actor);
  if (personId === actor.userId)
    throw conflict(`Another administrator has to ${what}: somebody must be left who may.`);
  const person = await personById(db, personId);
  if (person === undefined) throw new ApiError("not-found", "Nobody here has this id.");
  return person;
}

async function tellRevoked(
  db: TenantDb,
  { name: by }: Actor,
  revoked: readonly Invitation[],
  at: InstantMs,
): Promise<void> {
  for (const { email, role } of revoked)
    await appendEvent(db, { at, body: { kind: "invitation-revoked", email, role, by } });
}

const conflict = (sentence: string): ApiError => new ApiError("state-conflict", sentence);
