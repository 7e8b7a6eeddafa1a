import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { bytesFromHex, hex, type Crypto } from "@moult/base";
import { canonicalJson, type TufKey } from "@moult/trust";
import { SigningError } from "./signing-error.ts";

export type KeyKind = "ed25519" | "ecdsa-p256";

const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Whoever can sign with one key: a file, a token, a program. */
export interface KeySigner {
  readonly keyid: string;
  readonly key: TufKey;
  /** As TUF has it: Ed25519 as 64 bytes, ECDSA P-256 over SHA-256 as DER. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** The kind of a key, or a `key-unusable` for kinds that sign nothing here. */
export function kindOf(key: KeyObject): KeyKind {
  if (key.asymmetricKeyType === "ed25519") return "ed25519";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && curve === "prime256v1") return "ecdsa-p256";
  throw new SigningError("key-unusable", {
    reason: "only Ed25519 and ECDSA P-256 keys sign",
    found: curve ?? key.asymmetricKeyType,
  });
}

/** A public key as TUF metadata has it; its id is the SHA-256 of that. */
export function tufKeyOf(publicKey: KeyObject): TufKey {
  const content =
    kindOf(publicKey) === "ed25519"
      ? {
          keytype: "ed25519",
          scheme: "ed25519",
          keyval: {
            public: hex(
              publicKey
                .export({ format: "der", type: "spki" })
                .subarray(ED25519_SPKI_PREFIX.length),
            ),
          },
        }
      : {
          keytype: "ecdsa",
          scheme: "ecdsa-sha2-nistp256",
          keyval: { public: publicKey.export({ format: "pem", type: "spki" }).toString() },
        };
  return { keyid: keyidOf(content), ...content };
}

const keyidOf = (content: Omit<TufKey, "keyid">): string =>
  createHash("sha256").update(canonicalJson(content)).digest("hex");

/** Throws `key-unusable` when the key is none that signs here. */
export function publicKeyOf({ keytype, scheme, keyval }: Omit<TufKey, "keyid">): KeyObject {
  try {
    if (keytype === "ed25519" && scheme === "ed25519") {
      const bytes = bytesFromHex(keyval.public);
      if (bytes?.length === 32)
        return createPublicKey({
          key: Buffer.concat([ED25519_SPKI_PREFIX, bytes]),
          format: "der",
          type: "spki",
        });
    }
    if (keytype === "ecdsa" && scheme === "ecdsa-sha2-nistp256") {
      const key = createPublicKey(keyval.public);
      if (kindOf(key) === "ecdsa-p256") return key;
    }
  } catch (cause) {
    throw new SigningError("key-unusable", { keytype, scheme }, { cause });
  }
  throw new SigningError("key-unusable", { keytype, scheme });
}

/** Signs with a private key in memory, in the form of TUF. */
export const signWith = (privateKey: KeyObject, message: Uint8Array): Uint8Array =>
  kindOf(privateKey) === "ed25519"
    ? sign(null, message, privateKey)
    : sign("sha256", message, { key: privateKey, dsaEncoding: "der" });

/** Whether `signature` is this key's over the message, in the form of TUF. */
export const isSignatureOf = (
  publicKey: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean =>
  kindOf(publicKey) === "ed25519"
    ? verify(null, message, publicKey, signature)
    : verify("sha256", message, { key: publicKey, dsaEncoding: "der" }, signature);
