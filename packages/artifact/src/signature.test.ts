import { createHash, createSign, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import {
  chunked,
  rawArtifact,
  refusal,
  refusedWith,
  type ArtifactParts,
} from "./artifact.fixture.ts";
import { inspectArtifact, readArtifact, type ArtifactReadOptions } from "./read-artifact.ts";
import {
  generateSigningKey,
  publicKeyPemOf,
  signerFromPem,
  verifyKeyFromPem,
  type SigningKeyKind,
  type SigningKeyPair,
  type VerifyKey,
} from "./signing-key.ts";

/** The bytes of the manifest that `rawArtifact` makes. */
async function manifestOf(parts: ArtifactParts = {}): Promise<Uint8Array> {
  let manifest: Uint8Array = new Uint8Array(0);
  rawArtifact({
    ...parts,
    manifest: (lines) => {
      manifest = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      return lines;
    },
  });
  return manifest;
}

const keys: Partial<Record<SigningKeyKind, SigningKeyPair>> = {};
beforeAll(async () => {
  keys["rsa-3072"] = await generateSigningKey("rsa-3072");
  keys["ecdsa-p256"] = await generateSigningKey("ecdsa-p256");
});
const pairOf = (kind: SigningKeyKind): SigningKeyPair => {
  const pair = keys[kind];
  if (pair === undefined) throw new Error("keys are made before the tests");
  return pair;
};
const verifyKey = (kind: SigningKeyKind): VerifyKey => verifyKeyFromPem(pairOf(kind).publicKeyPem);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

async function signed(kind: SigningKeyKind): Promise<string> {
  return base64(await signerFromPem(pairOf(kind).privateKeyPem).sign(await manifestOf()));
}
const inspect = async (
  signature: string | undefined,
  options: ArtifactReadOptions,
): Promise<unknown> =>
  inspectArtifact(chunked(rawArtifact(signature === undefined ? {} : { signature })), options);

describe.each<SigningKeyKind>(["rsa-3072", "ecdsa-p256"])("a signature by %s", (kind) => {
  test("is verified by its key, and tells by which of several", async () => {
    const signature = await signed(kind);
    const other = kind === "rsa-3072" ? "ecdsa-p256" : "rsa-3072";

    expect(await inspect(signature, { verifyKeys: [verifyKey(kind)] })).toMatchObject({
      head: { signature: { kind: "verified", keyIndex: 0 } },
    });
    expect(
      await inspect(signature, { verifyKeys: [verifyKey(other), verifyKey(kind)] }),
    ).toMatchObject({
      head: { signature: { kind: "verified", keyIndex: 1 } },
    });
  });

  test("is refused by another key", async () => {
    const another = await generateSigningKey("ecdsa-p256");

    const verifyKeys = [verifyKeyFromPem(another.publicKeyPem)];

    expect(await refusedWith(inspect(await signed(kind), { verifyKeys }))).toBe(
      "signature-invalid manifest.sig",
    );
  });

  test("is refused when a bit of it is wrong, or it is longer or shorter", async () => {
    const good = Buffer.from(await signed(kind), "base64");
    const verifyKeys = [verifyKey(kind)];
    const wrong = Array.from({ length: 16 }, (_, index) => {
      const changed = Buffer.from(good);
      const at = Math.floor((index * good.length) / 16);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return changed;
    });

    for (const signature of [
      ...wrong,
      good.subarray(1),
      Buffer.concat([good, good]),
      Buffer.alloc(0),
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
    ])
      expect(await refusedWith(inspect(base64(signature), { verifyKeys }))).toBe(
        "signature-invalid manifest.sig",
      );
  });

  test("is read with a line break after it, and not with anything else in it", async () => {
    const signature = await signed(kind);
    const verifyKeys = [verifyKey(kind)];

    await inspect(`${signature}\n`, { verifyKeys });
    for (const text of [
      ` ${signature}`,
      `${signature}\n\n`,
      `${signature}!`,
      signature.replace(/^./, "-"),
    ])
      expect(await refusedWith(inspect(text, { verifyKeys }))).toBe(
        "signature-invalid manifest.sig",
      );
  });

  test("covers the manifest, and so everything: nothing is read after a wrong one", async () => {
    const signature = await signed(kind);
    let served = 0;
    const bytes = rawArtifact({ signature, files: { "app.bin": "other" } });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 512) {
        served = at + 512;
        yield bytes.subarray(at, at + 512);
      }
    };

    expect(await refusedWith(readArtifact(source(), { verifyKeys: [verifyKey(kind)] }))).toBe(
      "signature-invalid manifest.sig",
    );
    expect(served).toBeLessThanOrEqual(6 * 512);
  });
});

describe("which signatures are demanded", () => {
  test("an unsigned artifact is refused when there are keys", async () => {
    expect(await refusedWith(inspect(undefined, { verifyKeys: [verifyKey("ecdsa-p256")] }))).toBe(
      "signature-missing manifest.sig",
    );
  });

  test("an unsigned artifact may be let through, while a wrong signature still is not", async () => {
    const options = { verifyKeys: [verifyKey("ecdsa-p256")], unsigned: "read" } as const;

    expect(await inspect(undefined, options)).toMatchObject({
      head: { signature: { kind: "unsigned" } },
    });
    expect(await inspect(await signed("ecdsa-p256"), options)).toMatchObject({
      head: { signature: { kind: "verified" } },
    });
    expect(await refusedWith(inspect(await signed("rsa-3072"), options))).toBe(
      "signature-invalid manifest.sig",
    );
  });

  test("without keys a signature is told of as unverified", async () => {
    expect(await inspect("not even base64", {})).toMatchObject({
      head: { signature: { kind: "unverified" } },
    });
  });

  test("an empty list of keys refuses everything, signed or not", async () => {
    for (const signature of [undefined, await signed("rsa-3072")])
      for (const unsigned of ["read", "refuse"] as const)
        expect(await refusedWith(inspect(signature, { verifyKeys: [], unsigned }))).toBe(
          "key-unusable",
        );
  });
});

describe("signatures of hardware and of other tools", () => {
  test("ECDSA in DER is verified", async () => {
    const { privateKeyPem } = pairOf("ecdsa-p256");
    for (let round = 0; round < 20; round += 1) {
      const der = createSign("sha256")
        .update(await manifestOf())
        .sign(privateKeyPem);
      await inspect(base64(der), { verifyKeys: [verifyKey("ecdsa-p256")] });
    }
  });

  test("RSA of 2048 bits is verified", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const signature = sign("sha256", await manifestOf(), privateKey);

    await inspect(base64(signature), { verifyKeys: [verifyKeyFromPem(spki(publicKey))] });
  });

  test("RSA-PSS is not", async () => {
    const key = { key: pairOf("rsa-3072").privateKeyPem, padding: 6 };
    const signature = sign("sha256", await manifestOf(), key);

    expect(
      await refusedWith(inspect(base64(signature), { verifyKeys: [verifyKey("rsa-3072")] })),
    ).toBe("signature-invalid manifest.sig");
  });

  test("a digest other than SHA-256 is not", async () => {
    const signature = sign("sha512", await manifestOf(), pairOf("rsa-3072").privateKeyPem);

    expect(
      await refusedWith(inspect(base64(signature), { verifyKeys: [verifyKey("rsa-3072")] })),
    ).toBe("signature-invalid manifest.sig");
  });
});

const spki = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

describe("keys", () => {
  test("are PKCS#8 and SubjectPublicKeyInfo, and the public one follows from the private one", () => {
    for (const { privateKeyPem, publicKeyPem } of [pairOf("rsa-3072"), pairOf("ecdsa-p256")]) {
      expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect(publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
      expect(publicKeyPemOf(privateKeyPem)).toBe(publicKeyPem);
    }
  });

  test("that are encrypted sign with their passphrase alone", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
      .toString();

    expect(await signerFromPem(pem, "secret").sign(new Uint8Array(1))).toHaveLength(64);
    expect((await refusal((async () => signerFromPem(pem, "wrong"))())).code).toBe("key-unusable");
    expect((await refusal((async () => signerFromPem(pem))())).code).toBe("key-unusable");
  });

  test.each<[string, () => string]>([
    ["no PEM", () => "ssh-ed25519 AAAA"],
    ["nothing", () => ""],
    ["Ed25519", () => spki(generateKeyPairSync("ed25519").publicKey)],
    ["RSA of 1024 bits", () => spki(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey)],
    ["ECDSA P-384", () => spki(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey)],
    ["secp256k1", () => spki(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey)],
    ["a private key", () => pairOf("ecdsa-p256").privateKeyPem],
  ])("to verify with are refused: %s", async (_, pem) => {
    expect((await refusal((async () => verifyKeyFromPem(pem()))())).code).toBe("key-unusable");
  });

  test("differ each time", async () => {
    const digests = await Promise.all(
      Array.from({ length: 3 }, async () =>
        createHash("sha256")
          .update((await generateSigningKey("ecdsa-p256")).privateKeyPem)
          .digest("hex"),
      ),
    );

    expect(new Set(digests).size).toBe(3);
  });
});
