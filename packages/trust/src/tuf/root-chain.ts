import { equalBytes, type Crypto } from "@moult/base";
import { RootMetadata } from "./metadata.ts";
import {
  failed,
  isSignedBy,
  openSigned,
  readSigned,
  thresholdNotMet,
  type Failure,
  type Signers,
  type Verified,
} from "./signed-file.ts";
import { verificationKey } from "./tuf-key.ts";

export type VerifiedRoot = Verified<RootMetadata>;
type TopLevelRole = keyof RootMetadata["roles"];

/** Who signs a top-level role, by a root. */
export const signersOf = ({ metadata }: VerifiedRoot, role: TopLevelRole): Signers => ({
  keys: metadata.keys,
  role: metadata.roles[role],
});

/** A root that is signed as it asks itself: the provisioned one, or one that was trusted before. */
export function verifyAnchor(bytes: Uint8Array, crypto: Crypto): VerifiedRoot | Failure {
  const file = openSigned(bytes);
  if (file.kind === "failed") return file;
  const root = readSigned(file, RootMetadata);
  if (root.kind === "failed") return root;
  const own = signersOf(root, "root");
  return isSignedBy(file, own, crypto) ? keysComplete(root) : thresholdNotMet(own);
}

/** The root that follows `trusted`: signed as both of them ask, and exactly one version on (TUF 5.3.4, 5.3.5). */
export function verifyNextRoot(
  bytes: Uint8Array,
  trusted: VerifiedRoot,
  crypto: Crypto,
): VerifiedRoot | Failure {
  const file = openSigned(bytes);
  if (file.kind === "failed") return file;
  const before = signersOf(trusted, "root");
  if (!isSignedBy(file, before, crypto)) return thresholdNotMet(before);
  const next = readSigned(file, RootMetadata);
  if (next.kind === "failed") return next;
  const { version } = next.metadata;
  if (version !== trusted.metadata.version + 1)
    return failed("root-not-next", `Version ${version} follows ${trusted.metadata.version}.`);
  const own = signersOf(next, "root");
  return isSignedBy(file, own, crypto) ? keysComplete(next) : thresholdNotMet(own);
}

/**
 * Whether one root is the other, or the later is signed by the earlier's keys. Two roots of one version are two
 * repositories: one was begun anew with the same keys.
 */
export function areOneChain(one: VerifiedRoot, other: VerifiedRoot, crypto: Crypto): boolean {
  if (one.metadata.version === other.metadata.version) return equalBytes(one.bytes, other.bytes);
  const [early, late] = one.metadata.version < other.metadata.version ? [one, other] : [other, one];
  const file = openSigned(late.bytes);
  return file.kind === "opened" && isSignedBy(file, signersOf(early, "root"), crypto);
}

/**
 * Whether the online keys changed between two roots: then what they signed before may have been forged to run ahead, and
 * the stored timestamp and snapshot must go (TUF 5.3.11).
 */
export function rotatesOnlineKeys(before: VerifiedRoot, after: VerifiedRoot): boolean {
  return (["timestamp", "snapshot"] as const).some(
    (role) => materialOf(before, role) !== materialOf(after, role),
  );
}

function materialOf({ metadata }: VerifiedRoot, role: TopLevelRole): string {
  return metadata.roles[role].keyids
    .map((keyid) => metadata.keys[keyid]?.keyval.public ?? "")
    .sort()
    .join("\n");
}

/** Keys for instructions must be there and usable: a root that names others would silence a device for good. */
function keysComplete(root: VerifiedRoot): VerifiedRoot | Failure {
  const { keys, "x-moult-instruction": instruction } = root.metadata;
  const missing = instruction?.keyids.find((keyid) => {
    const key = Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
    return key === undefined || verificationKey(key) === undefined;
  });
  return missing === undefined
    ? root
    : failed("metadata-invalid", `Instruction key ${missing.slice(0, 64)} cannot be used.`);
}
