import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
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
import type { OnlineKeys } from "@moult/model";
import { SignerError } from "./signer-error.ts";

/** What a key signs. Each use has a key of its own, so that the root of trust can take one back without the others. */
export type KeyUse = keyof OnlineKeys;

export interface SigningKey {
  /** PEM SubjectPublicKeyInfo. */
  readonly publicKey: string;
  /** As TUF metadata has it. */
  readonly tufKey: OnlineKeys[KeyUse];
  sign(message: Uint8Array): Uint8Array;
}

/**
 * The key for one use in `folder`, made at the first start. Only this process reads it: the folder is 0700 and the file
 * 0600. A file that is there but cannot be used stops the signer, because devices are provisioned with its public half.
 */
export function openSigningKey(folder: string, use: KeyUse): SigningKey {
  const path = join(folder, `${use}-key.pem`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) createKeyFile(path);
  const key = readKey(path);
  const publicKey = createPublicKey(key);
  return {
    publicKey: publicKey.export({ format: "pem", type: "spki" }) as string,
    tufKey: tufKeyOf(publicKey),
    sign: (message) => sign(null, message, key),
  };
}

/** The bytes of an Ed25519 key come after its algorithm's 12 in a SubjectPublicKeyInfo (RFC 8410). */
const ED25519_SPKI_PREFIX_BYTES = 12;

function tufKeyOf(publicKey: KeyObject): OnlineKeys[KeyUse] {
  const der = publicKey.export({ format: "der", type: "spki" });
  const keyval = { public: der.subarray(ED25519_SPKI_PREFIX_BYTES).toString("hex") };
  // Already in the canonical order of OLPC JSON, so that its digest is the key's usual id (TUF 1.0.34, section 4.2).
  const content = { keytype: "ed25519", keyval, scheme: "ed25519" };
  return { keyid: hash("sha256", JSON.stringify(content)), ...content };
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
