import { bytesFromHex, hex } from "@moult/base";
import { canonicalJson, type MetadataFile, type TufKey } from "@moult/trust";
import { isSignatureOf, publicKeyOf, type KeySigner } from "./key-material.ts";
import { SigningError } from "./signing-error.ts";

/** The file with the signer's signature, in place of an earlier one of the same key. */
export async function signMetadata<File extends MetadataFile>(
  file: File,
  signer: KeySigner,
): Promise<File> {
  const sig = hex(await signer.sign(canonicalJson(file.signed)));
  const others = file.signatures.filter(({ keyid }) => keyid !== signer.keyid);
  return { ...file, signatures: [...others, { keyid: signer.keyid, sig }] };
}

/** Who has signed a file, of those whose signatures count. */
export interface SignatureCount {
  /** Keys with a valid signature. */
  readonly signed: readonly TufKey[];
  readonly missing: readonly TufKey[];
  /** Signatures that are still needed; 0 when the threshold is met. */
  readonly needed: number;
}

/** Counts valid signatures, one for each key: the same key material under another id does not count again. */
export function countSignatures(
  file: MetadataFile,
  { keys, threshold }: { readonly keys: readonly TufKey[]; readonly threshold: number },
): SignatureCount {
  const message = canonicalJson(file.signed);
  const signed: TufKey[] = [];
  const missing: TufKey[] = [];
  for (const key of keys) {
    if (signed.some(({ keyval }) => keyval.public === key.keyval.public)) continue;
    (isSigned(file, key, message) ? signed : missing).push(key);
  }
  return { signed, missing, needed: Math.max(0, threshold - signed.length) };
}

function isSigned({ signatures }: MetadataFile, key: TufKey, message: Uint8Array): boolean {
  const sig = signatures.find(({ keyid }) => keyid === key.keyid)?.sig;
  const signature = sig === undefined ? undefined : bytesFromHex(sig);
  try {
    return signature !== undefined && isSignatureOf(publicKeyOf(key), message, signature);
  } catch (error) {
    if (error instanceof SigningError) return false;
    throw error;
  }
}
