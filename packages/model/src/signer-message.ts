import * as z from "zod";
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

export const SignerReply = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("signed"), id: z.int(), envelope: z.string() }),
  z.strictObject({ kind: z.literal("refused"), id: z.int(), reason: z.string() }),
  z.strictObject({ kind: z.literal("public-keys"), id: z.int(), publicKeys: z.array(z.string()) }),
  z.strictObject({ kind: z.literal("online-keys"), id: z.int(), keys: OnlineKeys }),
]);
export type SignerReply = z.infer<typeof SignerReply>;
