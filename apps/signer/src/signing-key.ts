import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OnlineKeys } from "@moult/model";
import { tufKeyOf, type NamedKey } from "@moult/signing";
import { replaceFile } from "./durable-file.ts";
import { SignerError } from "./signer-error.ts";

/** What a key signs. Each use has a key of its own, so that the root of trust can take one back without the others. */
export type KeyUse = keyof OnlineKeys;

export interface SigningKey {
  /** PEM SubjectPublicKeyInfo. */
  readonly publicKey: string;
  /** As TUF metadata has it. */
  readonly tufKey: NamedKey;
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

function createKeyFile(path: string): void {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  replaceFile(path, pem as string);
}
