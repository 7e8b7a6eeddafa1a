import { bytesFromHex, concatBytes, hex, utf8, type Crypto } from "@moult/base";

/** What stands before the first block of a tenant's chain. */
export const AUDIT_CHAIN_START = "0".repeat(64);

/** An event as the chain holds it: text of the store's own, so that nobody has to agree on how to write it again. */
export const eventDigest = (text: string, crypto: Pick<Crypto, "sha256">): string =>
  hex(crypto.sha256(utf8(text)));

/** A block's own digest, over those of its events in their order, and the chain's after it. Digests are lower-case hexadecimal. */
export function auditBlock(
  previousSha256: string,
  eventDigests: readonly string[],
  crypto: Pick<Crypto, "sha256">,
): { readonly eventsSha256: string; readonly sha256: string } {
  const eventsSha256 = hex(crypto.sha256(concatBytes(eventDigests.map(bytesOf))));
  return { eventsSha256, sha256: auditLink(previousSha256, eventsSha256, crypto) };
}

/** The chain after a block of which only the digest is at hand. */
export const auditLink = (
  previousSha256: string,
  eventsSha256: string,
  crypto: Pick<Crypto, "sha256">,
): string => hex(crypto.sha256(concatBytes([bytesOf(previousSha256), bytesOf(eventsSha256)])));

/** What is no digest is none of the chain's: it digests as nothing, and nothing fits it. */
const bytesOf = (digest: string): Uint8Array => bytesFromHex(digest) ?? new Uint8Array();
