import type { Invitation } from "@moult/api";
import type { Clock } from "@moult/base";
import type { TenantId, UserId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { IdentityLibrary } from "./identity-library.ts";
import { invitationDigest, isInvitationCode } from "./invitation-code.ts";
import {
  accountByEmail,
  deleteInvitation,
  invitationByDigest,
  peopleOf,
  returnPerson,
} from "./people-queries.ts";
import { insertOperator, lockTenant, type NewOperator } from "./queries.ts";

/** An invitation that is good, with the tenant that it is for. */
export type OpenInvitation = Invitation & { readonly tenantId: TenantId };

/** What the code offers. Throws `ApiError` `invitation-void`. */
export async function openInvitation(
  database: Database,
  code: string,
  clock: Clock,
): Promise<OpenInvitation> {
  const invitation = isInvitationCode(code)
    ? await invitationByDigest(database.system, invitationDigest(code))
    : undefined;
  if (invitation === undefined) throw noInvitation();
  demandNotOver(invitation, clock);
  return invitation;
}

/**
 * Takes the place, once: the invitation is gone with it. Gives the address to sign in with. Throws `ApiError`
 * `invitation-void`, and `name-taken` for a name that is somebody else's here or an address that has a place elsewhere.
 */
export async function acceptInvitation(
  {
    database,
    library,
    clock,
  }: {
    readonly database: Database;
    readonly library: Pick<IdentityLibrary, "hashPassword">;
    readonly clock: Clock;
  },
  {
    code,
    name,
    password,
  }: { readonly code: string; readonly name: string; readonly password: string },
): Promise<string> {
  const { id, tenantId } = await openInvitation(database, code, clock);
  // Slow, and the library is never asked inside a transaction.
  const passwordHash = await library.hashPassword(password);
  return database.tenant(tenantId).transaction(async (db) => {
    await lockTenant(db.kysely, tenantId);
    const invitation = await deleteInvitation(db, id);
    if (invitation === undefined) throw noInvitation();
    demandNotOver(invitation, clock);
    await demandOwnName(db, name);
    const { email, role, invitedBy } = invitation;
    const at = clock.now();
    await putPerson(db, {
      tenantId,
      userId: newId<UserId>(),
      accountId: newId(),
      role,
      name: name.trim(),
      email,
      passwordHash,
      at,
      invitedBy,
    });
    const body = { kind: "person-joined", name: name.trim(), email, role, invitedBy } as const;
    await appendEvent(db, { at, body });
    return email;
  });
}

/** Whoever had a place once is the same person again: an approval that they gave is not given twice. */
async function putPerson(db: TenantDb, person: NewOperator): Promise<void> {
  const account = await accountByEmail(db, person.email);
  if (account === undefined) {
    if (await insertOperator(db.kysely, person)) return;
  } else if (!account.hasPlace) {
    await returnPerson(db, { ...person, userId: account.userId });
    return;
  }
  throw new ApiError(
    "name-taken",
    "This e-mail address has a place on this server already; ask to be invited by another one.",
  );
}

/** Events say who decided something by a name, so nobody takes that of somebody else. */
async function demandOwnName(db: TenantDb, name: string): Promise<void> {
  if (comparable(name) === "")
    throw new ApiError("invalid-request", "body.name: a name has characters that are seen", {
      issues: [{ path: "body.name", message: "has no characters that are seen" }],
    });
  const taken = (await peopleOf(db)).some((person) => comparable(person.name) === comparable(name));
  if (taken)
    throw new ApiError(
      "name-taken",
      "Somebody here is called that already; add what tells you apart, a surname for example.",
    );
}

/** What of a name is seen: neither case, nor spaces, nor what has no width. */
const comparable = (name: string): string =>
  storableText(name)
    .normalize("NFKC")
    .replaceAll(/[\p{C}\p{Z}\p{Mn}]/gu, "")
    .toLowerCase();

function demandNotOver({ expiresAt }: Invitation, clock: Clock): void {
  if (Date.parse(expiresAt) <= clock.now())
    throw new ApiError(
      "invitation-void",
      `This invitation ended at ${expiresAt}; ask for another one.`,
    );
}

const noInvitation = (): ApiError =>
  new ApiError(
    "invitation-void",
    "No such invitation is open: it was accepted or revoked, a newer one took its place, or the code is not complete. Ask for another one.",
  );
