import { createPublicKey, verify } from "node:crypto";
import { SIGNATURE_HEADER, signedMessage } from "@moult/device-protocol";
import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import { ApiError } from "../../platform/api-error.ts";

/** The message in a raw body. Throws `malformed-json` or `invalid-request`, which says where. */
export function readMessage<Schema extends z.ZodType>(
  body: unknown,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(jsonOf(rawBody(body)));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, ISSUES_MAX).map(({ path, message }) => ({
    path: path.join("."),
    message,
  }));
  throw new ApiError("invalid-request", "The message is not one of this protocol.", { issues });
}

const ISSUES_MAX = 20;

/** A request without a body has none to parse, which is a malformed message and not a fault of ours. */
export const rawBody = (body: unknown): Buffer => (body instanceof Buffer ? body : Buffer.alloc(0));

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new ApiError("malformed-json", "The body is not JSON.", { cause });
  }
}

const SIGNATURE_BYTES = 64;

/** Demands that the holder of `publicKey` signed this very body for `purpose`. Throws `signature-invalid`. */
export function demandSignature(
  { headers, body }: Pick<FastifyRequest, "headers" | "body">,
  purpose: string,
  publicKey: Uint8Array,
): void {
  const header = headers[SIGNATURE_HEADER];
  const signature = Buffer.from(typeof header === "string" ? header : "", "base64");
  if (
    signature.length !== SIGNATURE_BYTES ||
    !isSignedBy(publicKey, signedMessage(purpose, rawBody(body)), signature)
  )
    throw new ApiError(
      "signature-invalid",
      "The header moult-signature is not this key's signature over the purpose and the body.",
    );
}

function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    // Other kinds of keys verify with other rules; the protocol knows this one.
    return key.asymmetricKeyType === "ed25519" && verify(null, message, key, signature);
  } catch {
    // What is no key has signed nothing.
    return false;
  }
}
