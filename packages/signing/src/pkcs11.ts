import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type * as Pkcs11js from "pkcs11js";
import { derOfRawEcdsa } from "./ecdsa-signature.ts";
import { isSignatureOf, kindOf, tufKeyOf, type KeySigner, type NamedKey } from "./key-material.ts";
import { parsePkcs11Uri, type Pkcs11Uri } from "./pkcs11-uri.ts";
import { SigningError } from "./signing-error.ts";

// Numbers of PKCS#11 3.0: the add-on is loaded only where a token is used, so its constants are not there before.
const CKA_CLASS = 0x0;
const CKA_LABEL = 0x3;
const CKA_KEY_TYPE = 0x100;
const CKA_ID = 0x102;
const CKA_EC_POINT = 0x181;
const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;
const CKK_EC = 0x3;
const CKK_EC_EDWARDS = 0x40;
const CKM_ECDSA = 0x1041;
const CKM_EDDSA = 0x1057;
const CKU_USER = 1;
const CKF_SERIAL_SESSION = 4;
const CKR_USER_ALREADY_LOGGED_IN = 0x100;

const P256_SPKI_PREFIX = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const ED25519_SPKI_PREFIX = "302a300506032b6570032100";
const SIGNATURE_BYTES = 64;

export interface Pkcs11Options {
  /** Asked when the URI names no PIN file. */
  readonly pin: (token: string) => Promise<string>;
  /** The module when the URI names none. */
  readonly modulePath?: string | undefined;
}

interface OpenToken {
  readonly module: Pkcs11js.PKCS11;
  readonly session: Buffer;
  readonly privateKey: Buffer;
  readonly key: NamedKey;
  readonly isEd25519: boolean;
}

/**
 * The key that a PKCS#11 URI names. The token is opened again after it failed, so that a signer outlives a token that was
 * taken out and put back.
 */
export async function pkcs11Signer(uri: string, options: Pkcs11Options): Promise<KeySigner> {
  const wanted = parsePkcs11Uri(uri);
  let token: OpenToken | undefined = await openToken(uri, wanted, options);
  const { key } = token;
  return {
    keyid: key.keyid,
    key,
    sign: async (message) => {
      token ??= await openToken(uri, wanted, options);
      try {
        return signOn(token, message, uri);
      } catch (error) {
        token = undefined;
        throw error;
      }
    },
  };
}

function signOn(
  { module, session, privateKey, key, isEd25519 }: OpenToken,
  message: Uint8Array,
  uri: string,
): Uint8Array {
  // Many tokens, SoftHSM among them, sign a digest and do not make one.
  const input = isEd25519 ? Buffer.from(message) : createHash("sha256").update(message).digest();
  const raw = onToken(uri, () => {
    module.C_SignInit(session, { mechanism: isEd25519 ? CKM_EDDSA : CKM_ECDSA }, privateKey);
    return module.C_Sign(session, input, Buffer.alloc(SIGNATURE_BYTES));
  });
  if (raw.length !== SIGNATURE_BYTES)
    throw new SigningError("signature-wrong", { uri, signatureBytes: raw.length });
  const signature = isEd25519 ? raw : derOfRawEcdsa(raw);
  if (!isSignatureOf(key, message, signature)) throw new SigningError("signature-wrong", { uri });
  return signature;
}

async function openToken(
  uri: string,
  wanted: Pkcs11Uri,
  options: Pkcs11Options,
): Promise<OpenToken> {
  const modulePath = wanted.modulePath ?? options.modulePath;
  if (modulePath === undefined)
    throw new SigningError("token-unavailable", {
      uri,
      reason: "no PKCS#11 module is named: module-path=FILE in the URI, or MOULT_PKCS11_MODULE",
    });
  const module = loadedModule(modulePath);
  const slot = theSlot(module, uri, wanted);
  const session = onToken(uri, () => module.C_OpenSession(slot, CKF_SERIAL_SESSION));
  try {
    await logIn(module, session, uri, wanted, options);
    const privateKey = theObject(module, session, CKO_PRIVATE_KEY, uri, wanted);
    const publicKey = publicKeyAt(
      module,
      session,
      theObject(module, session, CKO_PUBLIC_KEY, uri, wanted),
      uri,
    );
    const isEd25519 = kindOf(publicKey) === "ed25519";
    return { module, session, privateKey, key: tufKeyOf(publicKey), isEd25519 };
  } catch (error) {
    module.C_CloseSession(session);
    throw error;
  }
}

/** A module can be initialised once in a process. */
const loadedModules = new Map<string, Pkcs11js.PKCS11>();

function loadedModule(path: string): Pkcs11js.PKCS11 {
  const loaded = loadedModules.get(path);
  if (loaded !== undefined) return loaded;
  const module = new (addOn().PKCS11)();
  try {
    module.load(path);
    module.C_Initialize();
  } catch (cause) {
    throw new SigningError(
      "token-unavailable",
      { module: path, reason: "the PKCS#11 module cannot be loaded" },
      { cause },
    );
  }
  loadedModules.set(path, module);
  return module;
}

function addOn(): typeof Pkcs11js {
  // By a variable, so that a bundler leaves the native add-on where it is.
  const name = "pkcs11js";
  try {
    return createRequire(import.meta.url)(name) as typeof Pkcs11js;
  } catch (cause) {
    throw new SigningError(
      "token-unavailable",
      {
        reason:
          "the native add-on pkcs11js is not there, or not built; tools/build-pkcs11.sh builds it",
      },
      { cause },
    );
  }
}

function theSlot(module: Pkcs11js.PKCS11, uri: string, wanted: Pkcs11Uri): Buffer {
  const slots = onToken(uri, () => module.C_GetSlotList(true)).filter((slot) => {
    const info = onToken(uri, () => module.C_GetTokenInfo(slot));
    const is = (given: string | undefined, found: string): boolean =>
      given === undefined || given === found.replace(/[\0 ]+$/, "");
    return (
      is(wanted.token, info.label) &&
      is(wanted.serial, info.serialNumber) &&
      is(wanted.manufacturer, info.manufacturerID) &&
      is(wanted.model, info.model)
    );
  });
  return theOnly(slots, uri, "token");
}

async function logIn(
  module: Pkcs11js.PKCS11,
  session: Buffer,
  uri: string,
  { pinFile, token, serial }: Pkcs11Uri,
  { pin }: Pkcs11Options,
): Promise<void> {
  const secret =
    pinFile === undefined
      ? await pin(token ?? serial ?? "the token")
      : (await readFile(pinFile, "utf8")).replace(/\r?\n$/, "");
  try {
    module.C_Login(session, CKU_USER, secret);
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === CKR_USER_ALREADY_LOGGED_IN) return;
    throw new SigningError(
      "token-unavailable",
      { uri, reason: `the token refuses the PIN (${messageOf(cause)})` },
      { cause },
    );
  }
}

function theObject(
  module: Pkcs11js.PKCS11,
  session: Buffer,
  objectClass: number,
  uri: string,
  { object, id }: Pkcs11Uri,
): Buffer {
  const found = onToken(uri, () => {
    module.C_FindObjectsInit(session, [
      { type: CKA_CLASS, value: objectClass },
      ...(object === undefined ? [] : [{ type: CKA_LABEL, value: object }]),
      ...(id === undefined ? [] : [{ type: CKA_ID, value: Buffer.from(id) }]),
    ]);
    const handles = module.C_FindObjects(session, 2);
    module.C_FindObjectsFinal(session);
    return handles;
  });
  return theOnly(found, uri, objectClass === CKO_PRIVATE_KEY ? "private key" : "public key");
}

function theOnly(found: readonly Buffer[], uri: string, what: string): Buffer {
  const [only, ...more] = found;
  if (only === undefined || more.length > 0)
    throw new SigningError("token-unavailable", {
      uri,
      reason:
        only === undefined ? `there is no such ${what}` : `more than one ${what} has these names`,
    });
  return only;
}

function publicKeyAt(
  module: Pkcs11js.PKCS11,
  session: Buffer,
  handle: Buffer,
  uri: string,
): KeyObject {
  const [keyType, point] = onToken(uri, () =>
    module.C_GetAttributeValue(session, handle, [{ type: CKA_KEY_TYPE }, { type: CKA_EC_POINT }]),
  ).map(({ value }) => value as Buffer);
  const isEd25519 = keyType?.[0] === CKK_EC_EDWARDS;
  if (point === undefined || (!isEd25519 && keyType?.[0] !== CKK_EC))
    throw new SigningError("key-unusable", { uri, reason: "neither Ed25519 nor ECDSA P-256" });
  const length = isEd25519 ? 32 : 65;
  // A DER octet string by the standard; some tokens give the bare point.
  const bare = point.length === length + 2 && point[0] === 0x04 ? point.subarray(2) : point;
  const prefix = isEd25519 ? ED25519_SPKI_PREFIX : P256_SPKI_PREFIX;
  try {
    const der = Buffer.concat([Buffer.from(prefix, "hex"), bare]);
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch (cause) {
    throw new SigningError("key-unusable", { uri, reason: "not a point of P-256" }, { cause });
  }
}

function onToken<Result>(uri: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new SigningError("token-failed", { uri, reason: messageOf(cause) }, { cause });
  }
}

/** `CKR_PIN_INCORRECT` and the like. */
const messageOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : "unknown";
