import { AppError } from "@moult/base";

/**
 * Why a key cannot be used. A context never holds a secret, and neither does what an external signer printed.
 *
 * - `key-reference-invalid`: the text that names a key names none.
 * - `key-file-invalid`: not a key file, a changed one, or one whose parameters are out of bounds.
 * - `passphrase-wrong`: the passphrase does not open the file, or the file was changed; the seal cannot tell these apart.
 * - `key-unusable`: neither Ed25519 nor ECDSA P-256, or not the key that was expected.
 * - `token-unavailable`: PKCS#11 cannot be used here: no add-on, no module, no such token, a refused PIN.
 * - `token-failed`: the token is there and refused what was asked.
 * - `command-failed`: an external signer ended badly, too late, or said too much.
 * - `signature-wrong`: what signed is not the key that it was taken for.
 */
export class SigningError extends AppError<
  | "key-reference-invalid"
  | "key-file-invalid"
  | "passphrase-wrong"
  | "key-unusable"
  | "token-unavailable"
  | "token-failed"
  | "command-failed"
  | "signature-wrong"
> {}
