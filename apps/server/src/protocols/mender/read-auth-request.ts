import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { DeviceIdentity } from "@moult/model";
import * as z from "zod";
import { ApiError } from "../../platform/api-error.ts";
import { jsonOf, readBody, readValue } from "./read-body.ts";

/** A device that asks for a token. */
export interface AuthRequest {
  readonly identity: DeviceIdentity;
  readonly key: KeyObject;
  /** DER SubjectPublicKeyInfo: one text for one key, however its PEM was laid out. */
  readonly publicKey: Buffer;
  readonly token: string | undefined;
}

const Message = z.object({
  /** A text that holds JSON. */
  id_data: z.string().min(1).max(8_192),
  pubkey: z.string().min(1).max(8_192),
  tenant_token: z.string().max(4_096).optional(),
});

/** `POST auth_requests`. Whether its key signed it is asked by `isSigned`. Throws `malformed-json` or `invalid-request`. */
export function readAuthRequest(body: unknown): AuthRequest {
  const { id_data: idData, pubkey, tenant_token: token } = readBody(body, Message);
  const identity = identityOf(jsonOf(idData, "`id_data` holds no JSON."));
  const key = keyOf(pubkey);
  const publicKey = key.export({ format: "der", type: "spki" });
  return { identity, key, publicKey, token: token === "" ? undefined : token };
}

const IdentityData = z.record(z.string(), z.unknown());

/** Identity scripts print texts, and a list where they print a name twice. */
function identityOf(value: unknown): DeviceIdentity {
  const attributes = Object.entries(readValue(value, IdentityData));
  const texts = attributes.map(([name, each]) => [
    name,
    typeof each === "string" ? each : JSON.stringify(each),
  ]);
  return readValue(Object.fromEntries(texts), DeviceIdentity);
}

const PEM = /^\s*-----BEGIN PUBLIC KEY-----\s*([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;
const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;
const CURVES: readonly (string | undefined)[] = ["prime256v1", "secp384r1", "secp521r1"];

/** Node alone would take certificates and private keys for public ones, too. */
function keyOf(pem: string): KeyObject {
  const [, content = ""] = PEM.exec(pem) ?? [];
  const key = parsedKey(Buffer.from(content, "base64"));
  if (key === undefined || !isStrong(key))
    throw new ApiError(
      "invalid-request",
      "`pubkey` is no PEM of a public RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519 key.",
    );
  return key;
}

function parsedKey(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (asymmetricKeyType === "ed25519") return true;
  if (asymmetricKeyType === "ec") return CURVES.includes(details?.namedCurve);
  const bits = details?.modulusLength ?? 0;
  return asymmetricKeyType === "rsa" && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SIGNATURE_CHARACTERS_MAX = 2_048;

/** Whether the holder of the key signed this very body: its bytes as they arrived, a line end and all. */
export function isSigned(key: KeyObject, body: Uint8Array, signature: string): boolean {
  if (signature.length > SIGNATURE_CHARACTERS_MAX || !BASE64.test(signature)) return false;
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  try {
    return verify(digest, body, key, Buffer.from(signature, "base64"));
  } catch {
    // What cannot be a signature of this key is none.
    return false;
  }
}
