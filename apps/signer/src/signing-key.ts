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
import { openKeySigner, tufKeyOf, type KeySigner } from "@moult/signing";
import { replaceFile } from "./durable-file.ts";
import { SignerError } from "./signer-error.ts";

/** What a key signs. Each use has a key of its own, so that the root of trust can take one back without the others. */
export type KeyUse = keyof OnlineKeys;

/**
 * The key for one use: on a token, if a PKCS#11 URI names one, else in `folder`, made at the first start. Only this process
 * reads it: the folder is 0700 and the file 0600. A file that is there but cannot be used stops the signer, because the root
 * of trust names its public half.
 */
export async function openSigningKey(
  folder: string,
  use: KeyUse,
  tokenUri?: string,
): Promise<KeySigner> {
  if (tokenUri !== undefined) return keyOnToken(tokenUri);
  const path = join(folder, `${use}-key.pem`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) createKeyFile(path);
  const privateKey = readKey(path);
  const key = tufKeyOf(createPublicKey(privateKey));
  return {
    keyid: key.keyid,
    key,
    sign: async (message) => sign(null, message, privateKey),
  };
}

/** Nobody is here to type a PIN. */
function keyOnToken(uri: string): Promise<KeySigner> {
  const refuse = (reason: string) => () =>
    Promise.reject(new SignerError("key-unusable", { uri, reason }));
  return openKeySigner(uri, {
    pin: refuse("the URI names no file with the PIN: pin-source=file:PATH"),
    passphrase: refuse("only pkcs11: URIs name keys of the signer"),
  });
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
