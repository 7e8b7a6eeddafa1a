import { Sha256, TenantId } from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";
import { PERMISSIONS, ROLES } from "../permission.ts";

const Role = z.enum(ROLES);

export const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  /** The first characters, to tell keys apart. */
  start: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;

const Credentials = z.strictObject({
  email: z.email().max(254),
  password: z.string().min(1).max(256),
});

/** What events and approvals call a person by. */
export const PersonName = z.string().min(1).max(128);
export const NewPassword = z.string().min(10).max(256);

export const Me = z.object({
  tenantId: TenantId,
  tenantName: z.string(),
  /** `user` signed in; `api-key` acts for the user who made it, within its own role. */
  kind: z.enum(["user", "api-key"]),
  name: z.string(),
  email: z.string(),
  role: Role,
  /** All that the role allows. */
  permissions: z.array(z.enum(PERMISSIONS)),
});
export type Me = z.infer<typeof Me>;

/** A program that this server gives to anybody at `path`; its digest comes with the answer, over a connection that is trusted. */
const DownloadableFile = z.object({
  path: z.string(),
  sha256: Sha256,
  sizeBytes: z.int().min(1),
});

export const systemOperations = {
  showSetup: operation({
    id: "showSetup",
    summary: "Whether this server still needs its first administrator",
    method: "GET",
    path: "/setup",
    permission: "public",
    replyKind: "json",
    reply: z.object({ needed: z.boolean() }),
    errors: [],
  }),
  completeSetup: operation({
    id: "completeSetup",
    summary:
      "Create the first administrator with the setup code that the server printed, and sign in",
    method: "POST",
    path: "/setup",
    permission: "public",
    body: Credentials.extend({
      setupCode: z.string().max(128),
      name: PersonName,
      password: NewPassword,
    }),
    replyKind: "json",
    reply: Me,
    errors: ["setup-code-wrong", "setup-done", "too-many-requests"],
  }),
  signIn: operation({
    id: "signIn",
    summary: "Sign in with e-mail address and password; sets a session cookie",
    method: "POST",
    path: "/session",
    permission: "public",
    body: Credentials,
    replyKind: "json",
    reply: Me,
    errors: ["credentials-wrong", "too-many-requests"],
  }),
  signOut: operation({
    id: "signOut",
    summary: "End the session",
    method: "DELETE",
    path: "/session",
    permission: "self",
    replyKind: "none",
    errors: [],
  }),
  showMe: operation({
    id: "showMe",
    summary: "Who is asking, and in which role",
    method: "GET",
    path: "/me",
    permission: "self",
    replyKind: "json",
    reply: Me,
    errors: [],
  }),
  createApiKey: operation({
    id: "createApiKey",
    summary: "Create an API key of your role or a lower one; its secret is shown this once",
    method: "POST",
    path: "/api-keys",
    permission: "self",
    body: z.strictObject({
      name: z.string().min(1).max(64),
      role: Role,
      expiresInDays: z.int().min(1).max(3_650).optional(),
    }),
    replyKind: "json",
    reply: z.object({ key: ApiKey, secret: z.string() }),
    errors: ["state-conflict"],
  }),
  listApiKeys: operation({
    id: "listApiKeys",
    summary: "Your API keys",
    method: "GET",
    path: "/api-keys",
    permission: "self",
    replyKind: "json",
    reply: z.object({ items: z.array(ApiKey) }),
    errors: [],
  }),
  deleteApiKey: operation({
    id: "deleteApiKey",
    summary: "Revoke one of your API keys, at once",
    method: "DELETE",
    path: "/api-keys/{keyId}",
    permission: "self",
    params: z.object({ keyId: z.string().max(64) }),
    replyKind: "none",
    errors: ["not-found"],
  }),
  showSystem: operation({
    id: "showSystem",
    summary: "What devices must be provisioned with to trust this server",
    method: "GET",
    path: "/system",
    permission: "fleet:read",
    replyKind: "json",
    reply: z.object({
      version: z.string(),
      tenantId: TenantId,
      /** Where devices reach the server. */
      publicUrl: z.string(),
      /** PEM of the local certificate authority; null when the server speaks plain HTTP or has a certificate of its own. */
      certificateAuthority: z.string().nullable(),
      /** PEM SubjectPublicKeyInfo of the keys that sign instructions. */
      instructionKeys: z.array(z.string()),
      /** How often devices check in when nothing else calls them. */
      checkInSeconds: z.int().min(1),
      /** Null: this server has not built it. */
      downloads: z.object({
        agent: DownloadableFile.nullable(),
        cli: DownloadableFile.nullable(),
      }),
    }),
    errors: [],
  }),
} as const;
