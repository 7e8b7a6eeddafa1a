import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { hex } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { tufKeyid, verificationKey, type TufKey } from "@moult/trust";
import { SigningError } from "./signing-error.ts";

export type KeyKind = "ed25519" | "ecdsa-p256";

const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A public key with the name that metadata gives it. */
export interface NamedKey extends TufKey {
  readonly keyid: string;
}

/** Whoever can sign with one key: a file, a token, a program. */
export interface KeySigner {
  readonly keyid: string;
  readonly key: NamedKey;
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
export function tufKeyOf(publicKey: KeyObject): NamedKey {
  const content: TufKey =
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
  return named(content);
}

export const named = ({ keytype, scheme, keyval }: TufKey): NamedKey => ({
  keyid: tufKeyid({ keytype, scheme, keyval }, nodeCrypto),
  keytype,
  scheme,
  keyval: { public: keyval.public },
});

/** Throws `key-unusable` when the key is none that signs here. */
export function publicKeyOf(key: TufKey): KeyObject {
  const known = verificationKey(key);
  if (known !== undefined) {
    const der = Buffer.from(known.publicKey);
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    kindOf(publicKey);
    return publicKey;
  }
  throw new SigningError("key-unusable", { keytype: key.keytype, scheme: key.scheme });
}

/** Signs with a private key in memory, in the form of TUF. */
export const signWith = (privateKey: KeyObject, message: Uint8Array): Uint8Array =>
  kindOf(privateKey) === "ed25519"
    ? sign(null, message, privateKey)
    : sign("sha256", message, { key: privateKey, dsaEncoding: "der" });

/** Whether `signature` is this key's over the message, in the form of TUF; never for a key of a kind that is not known. */
export function isSignatureOf(key: TufKey, message: Uint8Array, signature: Uint8Array): boolean {
  const known = verificationKey(key);
  return (
    known !== undefined && nodeCrypto.verify(known.scheme, known.publicKey, message, signature)
  );
}
