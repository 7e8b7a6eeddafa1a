import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  scrypt,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { canonicalJson, parseStrictJson } from "@moult/trust";
import * as z from "zod";
import { signWith, tufKeyOf, type KeyKind, type KeySigner, type NamedKey } from "./key-material.ts";
import { SigningError } from "./signing-error.ts";

// A key file is JSON, encrypted by a passphrase. Everything in it but `sealed` is authenticated together with the private
// key (the additional data of AES-256-GCM is its canonical JSON), so no field can be changed without the passphrase.

const KEY_FILE_BYTES_MAX = 16 * 1024;
const TAG_BYTES = 16;

/** 128 MiB and about half a second for each guess at a passphrase. */
const SCRYPT_N_DEFAULT = 2 ** 17;
/** A changed file must not make whoever opens it work for hours: `n` and `r` bound the memory to 1 GiB. */
const SCRYPT_N_MAX = 2 ** 20;
const SCRYPT_N_MIN = 2 ** 10;
const SCRYPT_R = 8;
const SCRYPT_P = 1;

const Header = z.strictObject({
  format: z.literal("moult-key-1"),
  keyid: z.string().regex(/^[0-9a-f]{64}$/),
  keytype: z.enum(["ed25519", "ecdsa"]),
  scheme: z.enum(["ed25519", "ecdsa-sha2-nistp256"]),
  keyval: z.strictObject({ public: z.string().max(1024) }),
  kdf: z.strictObject({
    name: z.literal("scrypt"),
    n: z
      .int()
      .min(SCRYPT_N_MIN)
      .max(SCRYPT_N_MAX)
      .refine((n) => Number.isInteger(Math.log2(n))),
    r: z.literal(SCRYPT_R),
    p: z.literal(SCRYPT_P),
    salt: z.base64().length(24),
  }),
  cipher: z.strictObject({ name: z.literal("aes-256-gcm"), nonce: z.base64().length(16) }),
});
type Header = z.infer<typeof Header>;

/** `sealed` is base64 of the encrypted PKCS#8 DER and the 16 bytes of the tag. */
const KeyFile = z.strictObject({ ...Header.shape, sealed: z.base64().min(24).max(1024) });

export interface NewKey {
  readonly key: NamedKey;
  readonly signer: KeySigner;
  /** The text of the key file. */
  readonly file: string;
}

/** A new key pair, its private half sealed by the passphrase. */
export async function createKeyFile(
  kind: KeyKind,
  passphrase: string,
  scryptN = SCRYPT_N_DEFAULT,
): Promise<NewKey> {
  const generate = promisify(generateKeyPair);
  const { privateKey, publicKey } =
    kind === "ed25519"
      ? await generate("ed25519")
      : await generate("ec", { namedCurve: "prime256v1" });
  const key = tufKeyOf(publicKey);
  const header = Header.parse({
    format: "moult-key-1",
    ...key,
    kdf: {
      name: "scrypt",
      n: scryptN,
      r: SCRYPT_R,
      p: SCRYPT_P,
      salt: randomBytes(16).toString("base64"),
    },
    cipher: { name: "aes-256-gcm", nonce: randomBytes(12).toString("base64") },
  });
  const cipher = createCipheriv(
    "aes-256-gcm",
    await keyFrom(passphrase, header),
    Buffer.from(header.cipher.nonce, "base64"),
  );
  cipher.setAAD(canonicalJson(header));
  const sealed = Buffer.concat([
    cipher.update(privateKey.export({ format: "der", type: "pkcs8" })),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const file = `${JSON.stringify({ ...header, sealed: sealed.toString("base64") }, null, 2)}\n`;
  return { key, file, signer: signerOf(privateKey, key) };
}

/** The public half of a key file, which needs no passphrase and is not authenticated without one. */
export function readKeyFile(bytes: Uint8Array): NamedKey {
  const { keyid, keytype, scheme, keyval } = parsed(bytes);
  return { keyid, keytype, scheme, keyval };
}

/** Opens the file once; the private key stays in this process's memory. */
export async function openKeyFile(bytes: Uint8Array, passphrase: string): Promise<KeySigner> {
  const { sealed, ...header } = parsed(bytes);
  const privateKey = await unsealed(header, Buffer.from(sealed, "base64"), passphrase);
  const key = tufKeyOf(createPublicKey(privateKey));
  if (key.keyid !== header.keyid || key.keyval.public !== header.keyval.public)
    throw new SigningError("key-file-invalid", { reason: "the two halves do not belong together" });
  return signerOf(privateKey, key);
}

const signerOf = (privateKey: KeyObject, key: NamedKey): KeySigner => ({
  keyid: key.keyid,
  key,
  sign: async (message) => signWith(privateKey, message),
});

function parsed(bytes: Uint8Array): z.infer<typeof KeyFile> {
  if (bytes.length > KEY_FILE_BYTES_MAX)
    throw new SigningError("key-file-invalid", { reason: "it is too large" });
  const result = KeyFile.safeParse(parseStrictJson(bytes));
  if (!result.success)
    throw new SigningError("key-file-invalid", {
      reason: "it is not what moult writes",
      field: result.error.issues[0]?.path.join("."),
    });
  return result.data;
}

async function unsealed(header: Header, sealed: Buffer, passphrase: string): Promise<KeyObject> {
  const secret = await keyFrom(passphrase, header);
  try {
    const nonce = Buffer.from(header.cipher.nonce, "base64");
    const decipher = createDecipheriv("aes-256-gcm", secret, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(canonicalJson(header));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const der = Buffer.concat([
      decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } catch {
    // The cause would tell no more than that the tag is wrong.
    throw new SigningError("passphrase-wrong", { keyid: header.keyid });
  }
}

function keyFrom(passphrase: string, { kdf }: Header): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase.normalize("NFKC"),
      Buffer.from(kdf.salt, "base64"),
      32,
      { N: kdf.n, r: kdf.r, p: kdf.p, maxmem: 256 * kdf.n * kdf.r },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
