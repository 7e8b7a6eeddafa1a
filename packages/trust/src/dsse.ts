import {
  base64,
  bytesFromBase64,
  concatBytes,
  textFromUtf8,
  utf8,
  type Crypto,
  type SignatureScheme,
} from "@moult/base";
import * as z from "zod";

/** An answer is a few hundred bytes; the cap bounds what is parsed before anything is verified. */
export const ENVELOPE_BYTES_MAX = 64 * 1024;

const SIGNATURES_MAX = 8;

/** DSSE envelope (github.com/secure-systems-lab/dsse, protocol and envelope v1.0.2). */
export const Envelope = z.object({
  payloadType: z.string().max(256),
  payload: z.base64().max(ENVELOPE_BYTES_MAX),
  signatures: z
    .array(z.object({ keyid: z.string().max(256).default(""), sig: z.base64().max(1024) }))
    .min(1)
    .max(SIGNATURES_MAX),
});
export type Envelope = z.infer<typeof Envelope>;

/** A key that may sign, as a device is provisioned with it: DER SubjectPublicKeyInfo. */
export interface VerificationKey {
  readonly scheme: SignatureScheme;
  readonly publicKey: Uint8Array;
}

/** What a DSSE signature covers: PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes([utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload]);
}

/** The envelope's text, ready to send. */
export function encodeEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signatures: readonly { readonly keyid: string; readonly signature: Uint8Array }[],
): string {
  const envelope: Envelope = {
    payloadType,
    payload: base64(payload),
    signatures: signatures.map(({ keyid, signature }) => ({ keyid, sig: base64(signature) })),
  };
  return JSON.stringify(envelope);
}

export type EnvelopeRefusal =
  | "envelope-too-large"
  | "envelope-malformed"
  | "wrong-payload-type"
  | "signature-invalid";

export type OpenedEnvelope =
  | {
      readonly kind: "verified";
      readonly payload: Uint8Array;
      /** The key whose signature was good. */
      readonly key: VerificationKey;
    }
  | { readonly kind: "refused"; readonly reason: EnvelopeRefusal };

/**
 * The payload of an envelope that one of `keys` signed, or why not. The payload is the signed byte string itself: it
 * is parsed by the caller only after this returns. `keyid` is an unauthenticated hint (DSSE) and is not used. An empty
 * list of keys refuses everything.
 */
export function openEnvelope(
  bytes: Uint8Array,
  payloadType: string,
  keys: readonly VerificationKey[],
  crypto: Crypto,
): OpenedEnvelope {
  if (bytes.length > ENVELOPE_BYTES_MAX) return { kind: "refused", reason: "envelope-too-large" };
  const envelope = parseJson(bytes, Envelope);
  if (envelope === undefined) return { kind: "refused", reason: "envelope-malformed" };
  if (envelope.payloadType !== payloadType)
    return { kind: "refused", reason: "wrong-payload-type" };
  const payload = bytesFromBase64(envelope.payload);
  if (payload === undefined) return { kind: "refused", reason: "envelope-malformed" };

  const signed = preAuthenticationEncoding(payloadType, payload);
  for (const { sig } of envelope.signatures) {
    const signature = bytesFromBase64(sig);
    if (signature === undefined) continue;
    for (const key of keys)
      if (crypto.verify(key.scheme, key.publicKey, signed, signature))
        return { kind: "verified", payload, key };
  }
  return { kind: "refused", reason: "signature-invalid" };
}

/** UTF-8 JSON that satisfies `schema`, or undefined. */
export function parseJson<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
): z.infer<Schema> | undefined {
  const text = textFromUtf8(bytes);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
