import { bytesFromHex, hex, type Crypto } from "@moult/base";
import * as z from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { MetadataSignature, SIGNATURES_MAX, type RoleKeys } from "./metadata.ts";
import { parseStrictJson, type StrictObject } from "./strict-json.ts";
import type { TrustRule } from "./trust-rule.ts";
import { verificationKey, type TufKey } from "./tuf-key.ts";

/** A metadata file before anything in it is believed. */
export interface SignedFile {
  readonly kind: "opened";
  readonly bytes: Uint8Array;
  readonly signed: StrictObject;
  /** What the signatures cover. */
  readonly message: Uint8Array;
  readonly signatureByKeyid: ReadonlyMap<string, string>;
}

/** A rule that something did not meet; the caller knows the role. */
export interface Failure {
  readonly kind: "failed";
  readonly rule: TrustRule;
  readonly detail: string;
}

export const failed = (rule: TrustRule, detail: string): Failure => ({
  kind: "failed",
  rule,
  detail,
});

/** Who may sign: the keys that the role above holds, and which of them count for this one. */
export interface Signers {
  readonly keys: Readonly<Record<string, TufKey>>;
  readonly role: RoleKeys;
}

const Signatures = z.array(MetadataSignature).max(SIGNATURES_MAX);

/** Reads the envelope alone; `signed` stays as it was parsed, so that fields nobody knows are signed content too. */
export function openSigned(bytes: Uint8Array): SignedFile | Failure {
  const file = parseStrictJson(bytes);
  if (file === undefined) return failed("json-invalid", "The file is not strict JSON.");
  if (!isObject(file) || !isObject(file["signed"]))
    return failed("metadata-invalid", "The file has no signed object.");
  const signatures = Signatures.safeParse(file["signatures"]);
  if (!signatures.success)
    return failed("metadata-invalid", "The file has no list of signatures in bounds.");

  const signatureByKeyid = new Map(signatures.data.map(({ keyid, sig }) => [keyid, sig]));
  if (signatureByKeyid.size !== signatures.data.length)
    return failed("duplicate-signature", "One keyid signed twice.");
  const { signed } = file;
  return { kind: "opened", bytes, signed, message: canonicalJson(signed), signatureByKeyid };
}

const isObject = (value: unknown): value is StrictObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether enough of the role's keys signed the file. Two keyids of one key count once; a signature that does not hold
 * counts for nothing and spoils nothing.
 */
export function isSignedBy(file: SignedFile, { keys, role }: Signers, crypto: Crypto): boolean {
  const signed = new Set<string>();
  for (const keyid of role.keyids) {
    const signature = bytesFromHex(file.signatureByKeyid.get(keyid) ?? "");
    if (signature === undefined || signature.length === 0) continue;
    const key = Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
    const verifying = key === undefined ? undefined : verificationKey(key);
    if (verifying === undefined) continue;
    const { scheme, publicKey } = verifying;
    if (crypto.verify(scheme, publicKey, file.message, signature)) signed.add(hex(publicKey));
    if (signed.size >= role.threshold) return true;
  }
  return false;
}

/** Metadata whose signatures held. */
export interface Verified<Metadata> {
  readonly kind: "verified";
  readonly metadata: Metadata;
  readonly bytes: Uint8Array;
}

/** Signatures first, then the model: what is not signed is not looked at. */
export function verifyFile<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  signers: Signers,
  crypto: Crypto,
): Verified<z.infer<Schema>> | Failure {
  const file = openSigned(bytes);
  if (file.kind === "failed") return file;
  if (!isSignedBy(file, signers, crypto)) return thresholdNotMet(signers);
  return readSigned(file, schema);
}

export function thresholdNotMet({ role }: Signers): Failure {
  return failed("threshold-not-met", `Fewer than ${role.threshold} of its keys signed it.`);
}

/** The model of a file whose signatures the caller has checked, or is about to. */
export function readSigned<Schema extends z.ZodType>(
  { bytes, signed }: SignedFile,
  schema: Schema,
): Verified<z.infer<Schema>> | Failure {
  const read = schema.safeParse(signed);
  if (read.success) return { kind: "verified", metadata: read.data, bytes };
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join(".").slice(0, 200) ?? "";
  return failed("metadata-invalid", `${where}: ${issue?.message.slice(0, 200) ?? "invalid"}.`);
}

/** By keyid. What one keyid names may differ from keyring to keyring, as from one root to the next. */
export type Keyring = Readonly<Record<string, TufKey>>;

/**
 * What is wrong with a file of which every signature is to be by a key of one of these keyrings, in one plain sentence;
 * undefined when nothing is. Whether there are enough of them is another question.
 */
export function signatureProblem(
  bytes: Uint8Array,
  keyrings: readonly Keyring[],
  crypto: Crypto,
): string | undefined {
  const file = openSigned(bytes);
  if (file.kind === "failed") return file.detail;
  for (const [keyid, sig] of file.signatureByKeyid) {
    const keys = keyrings.flatMap((keys) => (Object.hasOwn(keys, keyid) ? [keys[keyid]!] : []));
    if (keys.length === 0) return `${keyid} is no key that may sign it.`;
    const holds = keys.some((key) => {
      const role = { keyids: [keyid], threshold: 1 };
      return isSignedBy(file, { keys: { [keyid]: key }, role }, crypto);
    });
    if (!holds) return `The signature by ${keyid} does not hold: ${sig.slice(0, 16)}...`;
  }
  return undefined;
}
