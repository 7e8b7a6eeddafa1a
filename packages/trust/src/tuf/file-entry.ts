import { hex, type Crypto } from "@moult/base";
import type { FileEntry, Hashes } from "./metadata.ts";
import { failed, type Failure } from "./signed-file.ts";

const DIGESTS = ["sha256", "sha512"] as const;

/** Whether a file is the one that the file above it names, by length and by every hash that it gives. */
export function entryFailure(
  bytes: Uint8Array,
  entry: FileEntry,
  crypto: Crypto,
): Failure | undefined {
  if (entry.length !== undefined && entry.length !== bytes.length)
    return failed("length-mismatch", `It has ${bytes.length} bytes instead of ${entry.length}.`);
  return entry.hashes === undefined ? undefined : hashFailure(bytes, entry.hashes, crypto);
}

function hashFailure(bytes: Uint8Array, hashes: Hashes, crypto: Crypto): Failure | undefined {
  const unknown = unknownHash(hashes);
  if (unknown !== undefined) return unknown;
  for (const algorithm of DIGESTS) {
    const expected = hashes[algorithm];
    if (expected !== undefined && hex(crypto[algorithm](bytes)) !== expected)
      return failed("hash-mismatch", `Its ${algorithm} is not the one named above it.`);
  }
  return undefined;
}

/** A digest that cannot be checked is no check. */
export function unknownHash(hashes: Hashes): Failure | undefined {
  const unknown = Object.keys(hashes).find((name) => !DIGESTS.some((known) => known === name));
  return unknown === undefined
    ? undefined
    : failed("hash-unknown", `${unknown.slice(0, 64)} is no digest that is accepted here.`);
}
