import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { ArtifactError } from "./artifact-error.ts";

/** The two kinds of key that sign artifacts (section 2.3); Mender's clients know no Ed25519 here. */
export type SigningKeyKind = "rsa-3072" | "ecdsa-p256";

const RSA_BITS_MIN = 2048;
const P256 = "prime256v1";
const P256_RAW_BYTES = 64;

/** A public key that may verify manifests. Made by `verifyKeyFromPem` alone, so that its kind and size were checked. */
export interface VerifyKey {
  readonly kind: "rsa" | "ecdsa-p256";
  readonly publicKey: KeyObject;
}

/** Signs the bytes of a manifest: a key file, or whoever holds the key. */
export interface ManifestSigner {
  /** The bare signature (not base64): RSA PKCS#1 v1.5 with SHA-256, or ECDSA P-256 with SHA-256, raw or DER. */
  sign(manifest: Uint8Array): Promise<Uint8Array>;
}

export interface SigningKeyPair {
  /** PKCS#8 PEM, not encrypted. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo PEM. */
  readonly publicKeyPem: string;
}

/** A new key pair, from the operating system's randomness. */
export async function generateSigningKey(kind: SigningKeyKind): Promise<SigningKeyPair> {
  const generate = promisify(generateKeyPair);
  const { privateKey, publicKey } =
    kind === "rsa-3072"
      ? await generate("rsa", { modulusLength: 3072 })
      : await generate("ec", { namedCurve: "P-256" });
  return {
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** Reads a PEM public key. Throws `key-unusable` for anything but RSA of 2048 bits or more and ECDSA P-256. */
export function verifyKeyFromPem(publicKeyPem: string): VerifyKey {
  // Node would derive a public key from a private one: a private key in a device's or server's verify list is a leak.
  if (publicKeyPem.includes("PRIVATE KEY"))
    throw new ArtifactError("key-unusable", { reason: "this is a private key" });
  const publicKey = keyFrom(() => createPublicKey({ key: publicKeyPem, format: "pem" }));
  return { kind: keyKind(publicKey), publicKey };
}

/** Reads a PEM private key (PKCS#8, PKCS#1 or SEC1; encrypted with `passphrase`). Throws `key-unusable`. */
export function signerFromPem(privateKeyPem: string, passphrase?: string): ManifestSigner {
  const key = keyFrom(() =>
    createPrivateKey({
      key: privateKeyPem,
      format: "pem",
      ...(passphrase === undefined ? {} : { passphrase }),
    }),
  );
  const isEcdsa = keyKind(key) === "ecdsa-p256";
  return {
    // Raw r||s is what Mender's tool writes and every client reads.
    sign: async (manifest) =>
      isEcdsa
        ? sign("sha256", manifest, { key, dsaEncoding: "ieee-p1363" })
        : sign("sha256", manifest, key),
  };
}

/** The public half of a PEM private key, as SubjectPublicKeyInfo PEM. Throws `key-unusable`. */
export function publicKeyPemOf(privateKeyPem: string, passphrase?: string): string {
  const privateKey = keyFrom(() =>
    createPrivateKey({
      key: privateKeyPem,
      format: "pem",
      ...(passphrase === undefined ? {} : { passphrase }),
    }),
  );
  keyKind(privateKey);
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

/** Index of the first key that made `signature` over `manifest`, or -1. */
export function verifyingKeyIndex(
  keys: readonly VerifyKey[],
  manifest: Uint8Array,
  signature: Uint8Array,
): number {
  return keys.findIndex((key) => isSignedBy(key, manifest, signature));
}

function isSignedBy(
  { kind, publicKey }: VerifyKey,
  manifest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (kind === "rsa") return verify("sha256", manifest, publicKey, signature);
  // Hardware signers write DER (section 2.3), which for P-256 can be 64 bytes long as well, though rarely.
  const isRaw =
    signature.length === P256_RAW_BYTES &&
    verify("sha256", manifest, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
  return isRaw || verify("sha256", manifest, { key: publicKey, dsaEncoding: "der" }, signature);
}

function keyFrom(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new ArtifactError(
      "key-unusable",
      { reason: "not a PEM key that can be read" },
      { cause },
    );
  }
}

function keyKind(key: KeyObject): VerifyKey["kind"] {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    if ((details.modulusLength ?? 0) < RSA_BITS_MIN)
      throw new ArtifactError("key-unusable", {
        reason: `RSA keys need ${RSA_BITS_MIN} bits or more`,
        bits: details.modulusLength,
      });
    return "rsa";
  }
  if (key.asymmetricKeyType === "ec" && details.namedCurve === P256) return "ecdsa-p256";
  throw new ArtifactError("key-unusable", {
    reason: "only RSA and ECDSA P-256 keys sign artifacts",
    kind: details.namedCurve ?? key.asymmetricKeyType,
  });
}
