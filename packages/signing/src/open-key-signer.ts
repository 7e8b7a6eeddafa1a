import { readFile } from "node:fs/promises";
import { commandSigner, splitCommand } from "./command-signer.ts";
import { openKeyFile, readKeyFile } from "./key-file.ts";
import type { KeySigner, NamedKey } from "./key-material.ts";
import { pkcs11Signer } from "./pkcs11.ts";
import { SigningError } from "./signing-error.ts";

export interface KeySignerOptions {
  /** Asked for the passphrase of a key file. */
  readonly passphrase: (path: string) => Promise<string>;
  /** Asked for the PIN of a token. */
  readonly pin: (token: string) => Promise<string>;
  /** PKCS#11 module for URIs that name none. */
  readonly modulePath?: string | undefined;
  /** The key that must come out. A command tells nothing of its key, so it needs this. */
  readonly expected?: NamedKey | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Whoever signs with the key that a reference names: `file:PATH`, a `pkcs11:` URI, or `command:PROGRAM ARGS`. A reference
 * holds no secret, so it may be stored and printed.
 */
export async function openKeySigner(
  reference: string,
  options: KeySignerOptions,
): Promise<KeySigner> {
  const { expected } = options;
  const signer = await signerOf(reference, options);
  if (expected !== undefined && expected.keyid !== signer.keyid)
    throw new SigningError("key-unusable", {
      reference,
      reason: "it is not the key that was expected",
      keyid: signer.keyid,
      expected: expected.keyid,
    });
  return signer;
}

async function signerOf(reference: string, options: KeySignerOptions): Promise<KeySigner> {
  const { expected, environment, modulePath, pin, passphrase } = options;
  if (reference.startsWith("file:")) {
    const path = reference.slice("file:".length);
    const bytes = await readFile(path);
    // What is no key file is said before anybody types a passphrase for it.
    readKeyFile(bytes);
    return openKeyFile(bytes, await passphrase(path));
  }
  if (reference.startsWith("pkcs11:")) return pkcs11Signer(reference, { pin, modulePath });
  if (reference.startsWith("command:")) {
    const [program, ...args] = splitCommand(reference.slice("command:".length));
    if (expected === undefined)
      throw new SigningError("key-reference-invalid", {
        reference,
        reason: "the public key of a command must be given",
      });
    return commandSigner(program, args, expected, environment === undefined ? {} : { environment });
  }
  throw new SigningError("key-reference-invalid", {
    reference,
    reason: "it is one of file:PATH, pkcs11:..., command:PROGRAM ARGS",
  });
}
