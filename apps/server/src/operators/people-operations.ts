import type { Clock, Log } from "@moult/base";
import type { Database } from "../platform/database.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { acceptInvitation, openInvitation } from "./accept-invitation.ts";
import { changeRole, invite, removePerson, revokeInvitation } from "./change-people.ts";
import { credentialsWrong, enter, tooMany } from "./enter.ts";
import type { IdentityLibrary } from "./identity-library.ts";
import { invitationDigest, invitationLink, newInvitationCode } from "./invitation-code.ts";
import { invitationsOf, othersWhoMay, peopleOf } from "./people-queries.ts";
import { tenantName } from "./queries.ts";
import type { Attempt, SignInGuard } from "./sign-in-guard.ts";

type MemberHandlers = Handlers<"listPeople" | "changePerson" | "removePerson" | "listApprovers">;
type InvitationHandlers = Handlers<"listInvitations" | "invitePerson" | "revokeInvitation">;
type AcceptanceHandlers = Handlers<"showInvitation" | "acceptInvitation">;
export type PeopleHandlers = MemberHandlers & InvitationHandlers & AcceptanceHandlers;

export interface PeopleHandlerDeps {
  readonly database: Database;
  readonly library: IdentityLibrary;
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

export const createPeopleHandlers = (
  deps: PeopleHandlerDeps,
  guard: SignInGuard,
): PeopleHandlers => ({
  ...memberHandlers(deps),
  ...invitationHandlers(deps),
  ...acceptanceHandlers(deps, guard),
});

const memberHandlers = ({ clock, log }: PeopleHandlerDeps): MemberHandlers => ({
  listPeople: async ({ db, principal }) => ({
    items: (await peopleOf(db)).map((each) => ({ ...each, isYou: each.id === principal.userId })),
  }),

  changePerson: async ({ db, principal }, { params: { personId }, body: { role } }) => {
    const person = await changeRole(db, principal, personId, role, clock.now());
    log.info("person-changed", { personId, role, by: principal.userId });
    return { ...person, isYou: false };
  },

  removePerson: async ({ db, principal }, { params: { personId } }) => {
    await removePerson(db, principal, personId, clock.now());
    log.info("person-removed", { personId, by: principal.userId });
  },

  listApprovers: async ({ db, principal }) => ({
    items: await othersWhoMay(db, principal.userId, "deployments:write"),
  }),
});

const invitationHandlers = ({ publicUrl, clock, log }: PeopleHandlerDeps): InvitationHandlers => ({
  listInvitations: async ({ db }) => ({ items: await invitationsOf(db) }),

  invitePerson: async ({ db, principal }, { body }) => {
    const code = newInvitationCode();
    const invitation = await invite(db, principal, body, { code, at: clock.now() });
    const { id: invitationId, role } = invitation;
    log.info("person-invited", { invitationId, role, by: principal.userId });
    return { invitation, code, link: invitationLink(publicUrl(), code) };
  },

  revokeInvitation: async ({ db, principal }, { params: { invitationId } }) => {
    await revokeInvitation(db, principal, invitationId, clock.now());
    log.info("invitation-revoked", { invitationId, by: principal.userId });
  },
});

function acceptanceHandlers(
  { database, library, clock, log }: PeopleHandlerDeps,
  guard: SignInGuard,
): AcceptanceHandlers {
  const guarded = async <T>(who: Attempt, attempt: () => Promise<T>): Promise<T> => {
    const answer = await guard.admit(who, async () => ({ value: await attempt() }));
    if (answer === undefined) {
      log.warn("invitation-held-back", { clientAddress: who.clientAddress });
      throw tooMany();
    }
    return answer.value;
  };
  return {
    showInvitation: async ({ exchange }, { body: { code } }) => {
      const who = attemptOf(exchange, code);
      const { tenantId, email, role, invitedBy, expiresAt } = await guarded(who, () =>
        openInvitation(database, code, clock),
      );
      return {
        tenantName: await tenantName(database.system, tenantId),
        email,
        role,
        invitedBy,
        expiresAt,
      };
    },

    acceptInvitation: async ({ exchange }, { body }) => {
      const who = attemptOf(exchange, body.code);
      const me = await guarded(who, async () => {
        const email = await acceptInvitation({ database, library, clock }, body);
        return enter({ database, library }, { email, password: body.password }, exchange);
      });
      // Only when somebody removes the person in this moment.
      if (me === undefined) throw credentialsWrong();
      guard.welcome({ clientAddress: exchange.clientAddress, account: me.email });
      log.info("person-joined", { tenantId: me.tenantId, role: me.role });
      return me;
    },
  };
}

/** A code is an account of its own, so that no stranger uses up the tries of somebody who was invited. */
const attemptOf = (
  { clientAddress }: { readonly clientAddress: string },
  code: string,
): Attempt => ({ clientAddress, account: `invitation ${invitationDigest(code)}` });
