import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { base64, hex } from "@moult/base";
import { signedMessage } from "@moult/device-protocol";
import { Sha256 } from "@moult/model";
import { encodeEnvelope, preAuthenticationEncoding } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import {
  makeFolder,
  readFileIfPresent,
  systemCode,
  writeFileDurably,
} from "../storage/durable-file.ts";
import { whileWritable } from "../storage/kept-place.ts";

/** The key that the device proves itself with. The private half never leaves this object. */
export interface DeviceKey {
  /** Base64 of the DER SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly fingerprint: Sha256;
  /** Base64 signature over `signedMessage(purpose, body)`. */
  sign(purpose: string, body: Uint8Array): string;
  /**
   * A DSSE envelope around `payload`. What is signed then begins with "DSSEv1 ", and what `sign` signs with one of the
   * protocol's purposes, so that a signature of one kind is never one of the other.
   */
  signEnvelope(payloadType: string, payload: Uint8Array): string;
}

const KEY_FILE = "device-key.pem";

/**
 * The device's key, made at the first start. `knownFingerprint` is the key this device had before, as its data folder
 * remembers: with it a missing file means that the identity folder is not there (not mounted, or lost), and a new key would
 * make a stranger of the device. A damaged file is never replaced either; both need a person. Nor is a key made in
 * the file system of `slotFolder`, which the next system replaces.
 */
export async function openDeviceKey(
  identityDir: string,
  knownFingerprint: Sha256 | undefined,
  slotFolder?: string,
): Promise<DeviceKey> {
  const path = join(identityDir, KEY_FILE);
  const content = await readFileIfPresent(path);
  const privateKey =
    content === undefined
      ? await makeKey(path, knownFingerprint, slotFolder)
      : parseKey(path, content);
  const key = deviceKeyOf(privateKey);
  if (knownFingerprint !== undefined && key.fingerprint !== knownFingerprint)
    throw new AgentError("device-key-invalid", {
      path,
      reason: "it is another key than the one this device enrolled with",
      knownFingerprint,
      fingerprint: key.fingerprint,
    });
  return key;
}

/** The fingerprint of the key at `identityDir`; undefined when there is none yet. Makes nothing. */
export async function readFingerprint(identityDir: string): Promise<Sha256 | undefined> {
  const path = join(identityDir, KEY_FILE);
  const content = await readFileIfPresent(path);
  return content === undefined ? undefined : deviceKeyOf(parseKey(path, content)).fingerprint;
}

async function makeKey(
  path: string,
  knownFingerprint: Sha256 | undefined,
  slotFolder: string | undefined,
): Promise<KeyObject> {
  if (knownFingerprint !== undefined)
    throw new AgentError("device-key-missing", { path, knownFingerprint });
  const identityDir = dirname(path);
  if (
    slotFolder !== undefined &&
    (await fileSystemOf(identityDir)) === (await fileSystemOf(slotFolder))
  )
    throw new AgentError("identity-in-slot", { path });
  const { privateKey } = generateKeyPairSync("ed25519");
  await whileWritable(identityDir, async () => {
    await makeFolder(identityDir);
    await writeFileDurably(path, privateKey.export({ format: "pem", type: "pkcs8" }), {
      mode: 0o600,
    });
  });
  return privateKey;
}

/** The number of the file system that `path` is in, or would be. */
async function fileSystemOf(path: string): Promise<number> {
  try {
    return (await stat(path)).dev;
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
    return fileSystemOf(dirname(path));
  }
}

function parseKey(path: string, content: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: content, format: "pem" });
  } catch (cause) {
    throw new AgentError(
      "device-key-invalid",
      { path, reason: "not a PEM private key" },
      { cause },
    );
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new AgentError("device-key-invalid", { path, reason: "not a key for Ed25519" });
  return key;
}

function deviceKeyOf(privateKey: KeyObject): DeviceKey {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const fingerprint = Sha256.parse(hex(createHash("sha256").update(der).digest()));
  return {
    publicKey: base64(der),
    fingerprint,
    sign: (purpose, body) => base64(sign(null, signedMessage(purpose, body), privateKey)),
    signEnvelope: (payloadType, payload) => {
      const message = preAuthenticationEncoding(payloadType, payload);
      const signature = sign(null, message, privateKey);
      return encodeEnvelope(payloadType, payload, [{ keyid: fingerprint, signature }]);
    },
  };
}
