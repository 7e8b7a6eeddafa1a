import { beforeAll, expect, test } from "vitest";
import fc from "fast-check";
import { createKeyFile, openKeyFile, readKeyFile, type NewKey } from "./key-file.ts";
import { isSignatureOf, type KeyKind } from "./key-material.ts";
import { SigningError } from "./signing-error.ts";

/** The smallest work factor: these tests open the file hundreds of times. */
const SCRYPT_N = 2 ** 10;
const PASSPHRASE = "correct horse battery staple";
const message = Buffer.from("what is signed");
const bytesOf = (file: string): Uint8Array => Buffer.from(file);

let made: NewKey;
beforeAll(async () => {
  made = await createKeyFile("ed25519", PASSPHRASE, SCRYPT_N);
});

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no error";
  } catch (error) {
    if (error instanceof SigningError) return error.code;
    throw error;
  }
};

test.each<KeyKind>(["ed25519", "ecdsa-p256"])(
  "a key file of %s signs what its public half verifies, for whoever knows the passphrase",
  async (kind) => {
    const { file, key } = await createKeyFile(kind, PASSPHRASE, SCRYPT_N);

    const signer = await openKeyFile(bytesOf(file), PASSPHRASE);

    expect(readKeyFile(bytesOf(file))).toEqual(key);
    expect(signer.keyid).toBe(key.keyid);
    const signature = await signer.sign(message);
    expect(isSignatureOf(key, message, signature)).toBe(true);
    expect(isSignatureOf(key, Buffer.from("something else"), signature)).toBe(false);
  },
);

test("a file holds neither the private key nor the passphrase in the clear", () => {
  expect(made.file).not.toContain(PASSPHRASE);
  expect(made.file).not.toContain("PRIVATE");
  expect(Object.keys(JSON.parse(made.file) as object).sort()).toEqual(
    ["cipher", "format", "kdf", "keyid", "keytype", "keyval", "scheme", "sealed"].sort(),
  );
});

test("another passphrase opens nothing, and the one typed in another Unicode form opens it", async () => {
  expect(await codeOf(openKeyFile(bytesOf(made.file), "wrong"))).toBe("passphrase-wrong");
  const { file, key } = await createKeyFile("ed25519", "caf\u00e9 am Ring", SCRYPT_N);
  expect((await openKeyFile(bytesOf(file), "cafe\u0301 am Ring")).keyid).toBe(key.keyid);
});

test("a file of which any byte was changed gives a typed error or the very same key", async () => {
  const good = bytesOf(made.file);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (index, flip) => {
        const bad = Uint8Array.from(good);
        bad[index] = (bad[index] ?? 0) ^ flip;
        try {
          const signer = await openKeyFile(bad, PASSPHRASE);
          // White space is no part of what JSON says.
          expect(signer.key).toEqual(made.key);
        } catch (error) {
          expect(error).toBeInstanceOf(SigningError);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a file whose fields were exchanged is refused, whatever they say", async () => {
  const other = await createKeyFile("ed25519", PASSPHRASE, SCRYPT_N);
  const mine = JSON.parse(made.file) as Record<string, unknown>;
  const theirs = JSON.parse(other.file) as Record<string, unknown>;
  for (const field of ["keyid", "keyval", "sealed", "cipher", "kdf"]) {
    const mixed = bytesOf(JSON.stringify({ ...mine, [field]: theirs[field] }));
    expect(await codeOf(openKeyFile(mixed, PASSPHRASE)), field).toBe("passphrase-wrong");
  }
});

test.each([
  ["too much work", { n: 2 ** 21 }],
  ["no work", { n: 1 }],
  ["work that is no power of two", { n: 3_000 }],
  ["other parameters", { r: 16 }],
  ["a field that is not known", { extra: 1 }],
])("a file that asks for %s is refused before any work is done", async (_case, change) => {
  const file = JSON.parse(made.file) as { kdf: object };
  const changed = bytesOf(JSON.stringify({ ...file, kdf: { ...file.kdf, ...change } }));
  expect(await codeOf(openKeyFile(changed, PASSPHRASE))).toBe("key-file-invalid");
});

test("what is no key file is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      expect(await codeOf(openKeyFile(bytes, PASSPHRASE))).toBe("key-file-invalid");
    }),
  );
  expect(await codeOf(openKeyFile(new Uint8Array(20_000), PASSPHRASE))).toBe("key-file-invalid");
});
