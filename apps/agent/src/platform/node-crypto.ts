import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import type { Crypto } from "@moult/base";

/** The cryptography that verification asks for, by `node:crypto`. */
export const nodeCrypto: Crypto = {
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  verify: (_scheme, publicKey, message, signature) => {
    const key = ed25519Key(publicKey);
    if (key === undefined || signature.length !== 64) return false;
    return verify(null, message, key, signature);
  },
};

/** The key in a DER SubjectPublicKeyInfo, when it is one for Ed25519 (RFC 8410). */
function ed25519Key(publicKey: Uint8Array): KeyObject | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  } catch {
    // A key nobody can use verifies nothing, which is what the caller is told.
    return undefined;
  }
  return key.asymmetricKeyType === "ed25519" ? key : undefined;
}
