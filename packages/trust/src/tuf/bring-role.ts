import { equalBytes, type Crypto } from "@moult/base";
import type * as z from "zod";
import { entryFailure } from "./file-entry.ts";
import type { FileEntry } from "./metadata.ts";
import { failed, verifyFile, type Failure, type Signers, type Verified } from "./signed-file.ts";
import { fileNameOf, type StoredTrust } from "./stored-trust.ts";
import type { TrustSource } from "./trust-ports.ts";
import type { Role } from "./trust-rule.ts";

/** A role that another file names the version of: the snapshot, and every targets role. */
export interface RoleWanted<Metadata> {
  readonly role: Role;
  readonly schema: z.ZodType<Metadata>;
  readonly signers: Signers;
  /** What the file above says of it. */
  readonly entry: FileEntry;
  readonly bytesMax: number;
  readonly consistent: boolean;
  /** What forbids a new version beside the one that is stored. */
  readonly failureBeside?: (offered: Metadata, stored: Metadata) => Failure | undefined;
}

export type Brought<Metadata> =
  | (Verified<Metadata> & {
      /** Whether it came from the source and is to be kept. */
      readonly isNew: boolean;
    })
  | Failure;

/**
 * The version of a role that is wanted, from the store when it is there, else from the source. Either way it is checked
 * against those who may sign it now, by the way on which it was reached.
 */
export async function bringRole<Metadata extends { readonly version: number }>(
  wanted: RoleWanted<Metadata>,
  source: TrustSource,
  storedTrust: StoredTrust,
  crypto: Crypto,
): Promise<Brought<Metadata>> {
  const { role, schema, signers, entry, bytesMax, consistent } = wanted;
  const stored = await storedTrust.verified(role, schema, signers);
  if (
    stored?.metadata.version === entry.version &&
    entryFailure(stored.bytes, entry, crypto) === undefined
  )
    return { ...stored, isNew: false };

  if (entry.length !== undefined && entry.length > bytesMax)
    return failed("file-too-large", `It is said to have ${entry.length} bytes.`);
  const name = fileNameOf(role);
  const file = consistent ? `${entry.version}.${name}.json` : `${name}.json`;
  const fetched = await fetchFile(source, file, entry.length ?? bytesMax);
  if (fetched.kind === "failed") return fetched;
  const { bytes } = fetched;
  const offered = entryFailure(bytes, entry, crypto) ?? verifyFile(bytes, schema, signers, crypto);
  if (offered.kind === "failed") return offered;
  const { version } = offered.metadata;
  if (version !== entry.version)
    return failed("version-mismatch", `Version ${version} came for version ${entry.version}.`);
  if (stored !== undefined) {
    if (version === stored.metadata.version && !equalBytes(bytes, stored.bytes))
      return failed("content-changed", `Version ${version} is not what it was.`);
    const failure = wanted.failureBeside?.(offered.metadata, stored.metadata);
    if (failure !== undefined) return failure;
  }
  return { ...offered, isNew: true };
}

/** A file of the source within its bound. */
export async function fetchFile(
  source: TrustSource,
  file: string,
  bytesMax: number,
): Promise<{ readonly kind: "fetched"; readonly bytes: Uint8Array } | Failure> {
  const bytes = await source.fetch(file, bytesMax);
  if (bytes === undefined) return failed("file-missing", `There is no ${file}.`);
  if (bytes.length > bytesMax)
    return failed("file-too-large", `${file} has more than ${bytesMax} bytes.`);
  return { kind: "fetched", bytes };
}
