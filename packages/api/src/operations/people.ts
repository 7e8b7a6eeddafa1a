import { UserId } from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";
import { ROLES } from "../permission.ts";
import { Me, NewPassword, PersonName } from "./system.ts";

const Role = z.enum(ROLES);
const Email = z.email().max(254);

/** Somebody with a place in the tenant. */
export const Person = z.object({
  id: UserId,
  name: z.string(),
  email: z.string(),
  role: Role,
  /** The name of whoever invited them; null for the first administrator. */
  invitedBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  /** Of theirs; what uses one stops working with the person. */
  apiKeys: z.int().min(0),
  /** Whoever asks; others change what you may. */
  isYou: z.boolean(),
});
export type Person = z.infer<typeof Person>;

/** An offer of a place, until it is accepted, revoked, made again, or over. */
export const Invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: Role,
  invitedBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Invitation = z.infer<typeof Invitation>;

const InvitationCode = z.string().min(1).max(128);
const personId = z.object({ personId: UserId });

export const peopleOperations = {
  listPeople: operation({
    id: "listPeople",
    summary: "Everybody who has a place here, with their roles",
    method: "GET",
    path: "/people",
    permission: "people:write",
    replyKind: "json",
    reply: z.object({ items: z.array(Person) }),
    errors: [],
  }),
  changePerson: operation({
    id: "changePerson",
    summary:
      "Give another person a role; it counts from their next request, also for their API keys",
    method: "PATCH",
    path: "/people/{personId}",
    permission: "people:write",
    params: personId,
    body: z.strictObject({ role: Role }),
    replyKind: "json",
    reply: Person,
    errors: ["not-found", "state-conflict"],
  }),
  removePerson: operation({
    id: "removePerson",
    summary:
      "Take another person's place; their sessions, API keys and open invitations are void at once",
    method: "DELETE",
    path: "/people/{personId}",
    permission: "people:write",
    params: personId,
    replyKind: "none",
    errors: ["not-found", "state-conflict"],
  }),
  listApprovers: operation({
    id: "listApprovers",
    summary: "Who could approve stages of a deployment that you make: others who may deploy",
    method: "GET",
    path: "/approvers",
    permission: "deployments:write",
    replyKind: "json",
    reply: z.object({ items: z.array(Person.pick({ name: true, email: true, role: true })) }),
    errors: [],
  }),
  listInvitations: operation({
    id: "listInvitations",
    summary: "Invitations that nobody has accepted, also those that are over",
    method: "GET",
    path: "/invitations",
    permission: "people:write",
    replyKind: "json",
    reply: z.object({ items: z.array(Invitation) }),
    errors: [],
  }),
  invitePerson: operation({
    id: "invitePerson",
    summary:
      "Invite somebody; the code is shown this once, you pass it on, and an earlier one for the address is void",
    method: "POST",
    path: "/invitations",
    permission: "people:write",
    body: z.strictObject({
      email: Email,
      role: Role,
      expiresInDays: z.int().min(1).max(30).default(7),
    }),
    replyKind: "json",
    reply: z.object({
      invitation: Invitation,
      code: z.string(),
      /** The console's page that takes the code; the code stands where no server logs it. */
      link: z.string(),
    }),
    errors: ["name-taken", "state-conflict"],
  }),
  revokeInvitation: operation({
    id: "revokeInvitation",
    summary: "Void an invitation's code",
    method: "DELETE",
    path: "/invitations/{invitationId}",
    permission: "people:write",
    params: z.object({ invitationId: z.string().max(64) }),
    replyKind: "none",
    errors: ["not-found"],
  }),
  showInvitation: operation({
    id: "showInvitation",
    summary: "What an invitation's code offers",
    method: "POST",
    path: "/invitation",
    permission: "public",
    body: z.strictObject({ code: InvitationCode }),
    replyKind: "json",
    reply: Invitation.omit({ id: true, createdAt: true }).extend({ tenantName: z.string() }),
    errors: ["invitation-void", "too-many-requests"],
  }),
  acceptInvitation: operation({
    id: "acceptInvitation",
    summary:
      "Take the place that an invitation's code offers, with a name and a password, and sign in",
    method: "POST",
    path: "/invitation/acceptance",
    permission: "public",
    body: z.strictObject({ code: InvitationCode, name: PersonName, password: NewPassword }),
    replyKind: "json",
    reply: Me,
    errors: ["invitation-void", "name-taken", "too-many-requests"],
  }),
} as const;
