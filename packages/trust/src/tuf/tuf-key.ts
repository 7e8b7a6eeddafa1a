import { bytesFromBase64, bytesFromHex, concatBytes, hex, type Crypto } from "@moult/base";
import * as z from "zod";
import type { VerificationKey } from "../dsse.ts";
import { canonicalJson } from "./canonical-json.ts";

/**
 * A public key as TUF metadata holds it: `ed25519` in hexadecimal, `ecdsa` and `rsa` as PEM SubjectPublicKeyInfo. A key of
 * a kind that is not known here is read and counts for nothing, so that a repository can prepare a new kind.
 */
export const TufKey = z.object({
  keytype: z.string().max(64),
  scheme: z.string().max(64),
  keyval: z.object({ public: z.string().max(4096) }),
});
export type TufKey = z.infer<typeof TufKey>;

// DER of a SubjectPublicKeyInfo up to the key itself: Ed25519 (RFC 8410), P-256 with an uncompressed point (RFC 5480).
const ED25519_SPKI = "302a300506032b6570032100";
const P256_SPKI = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const P256_SPKI_BYTES = 91;

/** The key ready to verify with, or `undefined` when type, scheme and form are not one of those known. */
export function verificationKey({ keytype, scheme, keyval }: TufKey): VerificationKey | undefined {
  if (keytype === "ed25519" && scheme === "ed25519") {
    const raw = bytesFromHex(keyval.public);
    const prefix = bytesFromHex(ED25519_SPKI);
    if (raw?.length !== 32 || prefix === undefined) return undefined;
    return { scheme: "ed25519", publicKey: concatBytes([prefix, raw]) };
  }
  const publicKey = bytesFromPem(keyval.public);
  if (publicKey === undefined) return undefined;
  if (keytype === "ecdsa" && scheme === "ecdsa-sha2-nistp256") {
    // One form per key, or a compressed point would count as a second key.
    const isP256 = publicKey.length === P256_SPKI_BYTES && hex(publicKey).startsWith(P256_SPKI);
    return isP256 ? { scheme: "ecdsa-p256-sha256", publicKey } : undefined;
  }
  if (keytype === "rsa" && scheme === "rsassa-pss-sha256")
    return { scheme: "rsa-pss-sha256", publicKey };
  return undefined;
}

/** How a key that is made here is named: SHA-256 over its canonical JSON. Readers take a keyid as it is given. */
export function tufKeyid(key: TufKey, crypto: Crypto): string {
  return hex(crypto.sha256(canonicalJson(key)));
}

function bytesFromPem(pem: string): Uint8Array | undefined {
  const lines = pem.trim().split(/\r?\n/);
  if (lines.shift() !== "-----BEGIN PUBLIC KEY-----") return undefined;
  if (lines.pop() !== "-----END PUBLIC KEY-----") return undefined;
  return bytesFromBase64(lines.join(""));
}
