import { bytesFromHex, hex } from "@moult/base";
import { canonicalJson, type MetadataFile } from "@moult/trust";
import { isSignatureOf, type KeySigner, type NamedKey } from "./key-material.ts";

/** The file with the signer's signature, in place of an earlier one of the same key. */
export async function signMetadata(file: MetadataFile, signer: KeySigner): Promise<MetadataFile> {
  const sig = hex(await signer.sign(canonicalJson(file.signed)));
  const others = file.signatures.filter(({ keyid }) => keyid !== signer.keyid);
  return { ...file, signatures: [...others, { keyid: signer.keyid, sig }] };
}

/** Who has signed a file, of those whose signatures count. */
export interface SignatureCount {
  /** Keys with a valid signature. */
  readonly signed: readonly NamedKey[];
  readonly missing: readonly NamedKey[];
  /** Signatures that are still needed; 0 when the threshold is met. */
  readonly needed: number;
}

/** Counts valid signatures, one for each key: the same key material under another id does not count again. */
export function countSignatures(
  file: MetadataFile,
  { keys, threshold }: { readonly keys: readonly NamedKey[]; readonly threshold: number },
): SignatureCount {
  const message = canonicalJson(file.signed);
  const signed: NamedKey[] = [];
  const missing: NamedKey[] = [];
  for (const key of keys) {
    if (signed.some(({ keyval }) => keyval.public === key.keyval.public)) continue;
    (isSigned(file, key, message) ? signed : missing).push(key);
  }
  return { signed, missing, needed: Math.max(0, threshold - signed.length) };
}

function isSigned({ signatures }: MetadataFile, key: NamedKey, message: Uint8Array): boolean {
  const sig = signatures.find(({ keyid }) => keyid === key.keyid)?.sig;
  const signature = sig === undefined ? undefined : bytesFromHex(sig);
  return signature !== undefined && isSignatureOf(key, message, signature);
}
