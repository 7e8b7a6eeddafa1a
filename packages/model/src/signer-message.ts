import * as z from "zod";
import { TenantId } from "./ids.ts";
import { TrustKey } from "./trust.ts";

// Between the server and its signer, over the child process's channel: JSON messages, many in flight, matched by `id`.

export const SignerRequest = z.discriminatedUnion("kind", [
  /** Sign this instruction's JSON, if the signer comes to the same offer. */
  z.strictObject({
    kind: z.literal("sign"),
    id: z.int().min(1),
    instruction: z.string().max(16_384),
  }),
  /** PEM SubjectPublicKeyInfo of the keys that sign. */
  z.strictObject({ kind: z.literal("public-keys"), id: z.int().min(1) }),
  /** Make snapshot and timestamp anew of what is published for a tenant, or of that and what is staged. */
  z.strictObject({
    kind: z.literal("renew"),
    id: z.int().min(1),
    tenantId: TenantId,
    of: z.enum(["published", "published-and-staged"]),
  }),
  /** Metadata of a tenant were published: remember its first root, and that no role goes below what is there. */
  z.strictObject({ kind: z.literal("note-published"), id: z.int().min(1), tenantId: TenantId }),
  /** The signer's keys as a root of trust names them. */
  z.strictObject({ kind: z.literal("online-keys"), id: z.int().min(1) }),
]);
export type SignerRequest = z.infer<typeof SignerRequest>;

const IdentifiedKey = TrustKey.extend({ keyid: z.string() });

/** A key for each use; none has two, so that each can be taken from the root by itself. */
export const OnlineKeys = z.object({
  snapshot: IdentifiedKey,
  timestamp: IdentifiedKey,
  instruction: IdentifiedKey,
});
export type OnlineKeys = z.infer<typeof OnlineKeys>;

/** A metadata file that the signer made, as it is to be published. */
export const OnlineFile = z.object({
  version: z.int().min(1),
  content: z.string(),
  expiresAtMs: z.int().min(0),
});
export type OnlineFile = z.infer<typeof OnlineFile>;

export const SignerReply = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("signed"), id: z.int(), envelope: z.string() }),
  z.strictObject({ kind: z.literal("refused"), id: z.int(), reason: z.string() }),
  z.strictObject({ kind: z.literal("public-keys"), id: z.int(), publicKeys: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal("renewed"),
    id: z.int(),
    /** Null when the published one holds on. */
    snapshot: OnlineFile.nullable(),
    timestamp: OnlineFile,
  }),
  z.strictObject({ kind: z.literal("online-keys"), id: z.int(), keys: OnlineKeys }),
  z.strictObject({ kind: z.literal("noted"), id: z.int() }),
]);
export type SignerReply = z.infer<typeof SignerReply>;
