import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SignerError } from "./signer-error.ts";

export interface SigningKey {
  /** PEM SubjectPublicKeyInfo. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array;
}

/**
 * The instruction key in `folder`, made at the first start. Only this process reads it: the folder is 0700 and the file
 * 0600. A file that is there but cannot be used stops the signer, because devices are provisioned with its public half.
 */
export function openSigningKey(folder: string): SigningKey {
  const path = join(folder, "instruction-key.pem");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) createKeyFile(path);
  const key = readKey(path);
  return {
    publicKey: createPublicKey(key).export({ format: "pem", type: "spki" }) as string,
    sign: (message) => sign(null, message, key),
  };
}

function readKey(path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new SignerError("key-unusable", { path }, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new SignerError("key-unusable", { path, found: key.asymmetricKeyType });
  return key;
}

/** Durable before it is used: temp file, fsync, rename, fsync of the folder. */
function createKeyFile(path: string): void {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "wx", 0o600);
  writeSync(file, pem as string);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
