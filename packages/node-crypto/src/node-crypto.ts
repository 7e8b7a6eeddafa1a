import { constants, createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import type { Crypto, SignatureScheme } from "@moult/base";

const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 8192;

/** The cryptography that verification asks for, by `node:crypto`. */
export const nodeCrypto: Crypto = {
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  sha512: (bytes) => createHash("sha512").update(bytes).digest(),
  verify: (scheme, publicKey, message, signature) => {
    const key = keyOf(publicKey);
    return key !== undefined && fits(key, scheme) && isSigned(scheme, key, message, signature);
  },
};

function isSigned(
  scheme: SignatureScheme,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (scheme) {
    case "ed25519":
      return signature.length === 64 && verify(null, message, key, signature);
    case "ecdsa-p256-sha256":
      return verify("sha256", message, { key, dsaEncoding: "der" }, signature);
    case "rsa-pss-sha256":
      return verify(
        "sha256",
        message,
        {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_AUTO,
        },
        signature,
      );
    default:
      return false;
  }
}

/** Key type and curve belong to the scheme: a key of one kind never verifies as another. */
function fits(key: KeyObject, scheme: SignatureScheme): boolean {
  switch (scheme) {
    case "ed25519":
      return key.asymmetricKeyType === "ed25519";
    case "ecdsa-p256-sha256":
      return (
        key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1"
      );
    case "rsa-pss-sha256": {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      return key.asymmetricKeyType === "rsa" && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
    }
    default:
      return false;
  }
}

/** The key in a DER SubjectPublicKeyInfo; a key nobody can use verifies nothing, which is what the caller is told. */
function keyOf(publicKey: Uint8Array): KeyObject | undefined {
  const der = Buffer.from(publicKey);
  try {
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    // Several encodings of one key would count as several keys.
    return der.equals(key.export({ format: "der", type: "spki" })) ? key : undefined;
  } catch {
    return undefined;
  }
}
