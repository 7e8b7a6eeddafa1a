import { entry, type CommandEntry } from "./command-entry.ts";

/** Who works on the fleet, and what they may. */
export const PEOPLE_COMMANDS: readonly CommandEntry[] = [
  entry(
    "people list",
    "List who has a place here, and in which role",
    async () => (await import("../commands/people-list.ts")).peopleList,
  ),
  entry(
    "people invite",
    "Invite somebody: makes a code that you pass on",
    async () => (await import("../commands/people-invite.ts")).peopleInvite,
  ),
  entry(
    "people invitations",
    "List invitations that nobody has accepted",
    async () => (await import("../commands/people-invitations.ts")).peopleInvitations,
  ),
  entry(
    "people revoke-invitation",
    "Void an invitation's code",
    async () => (await import("../commands/people-revoke-invitation.ts")).peopleRevokeInvitation,
  ),
  entry(
    "people accept",
    "Accept an invitation, and sign in",
    async () => (await import("../commands/people-accept.ts")).peopleAccept,
  ),
  entry(
    "people change",
    "Give somebody another role",
    async () => (await import("../commands/people-change.ts")).peopleChange,
  ),
  entry(
    "people remove",
    "Take somebody's place: sessions and API keys end at once",
    async () => (await import("../commands/people-remove.ts")).peopleRemove,
  ),
  entry(
    "people approvers",
    "List who could approve what you deploy",
    async () => (await import("../commands/people-approvers.ts")).peopleApprovers,
  ),
];
