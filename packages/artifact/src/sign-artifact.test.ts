import { beforeAll, expect, test } from "vitest";
import { chunked, collect, rawArtifact, refusedWith, sha256 } from "./artifact.fixture.ts";
import { payloadFileFromBytes } from "./artifact-description.ts";
import { repetitiveBytes } from "./compressed-streams.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";
import { signArtifact } from "./sign-artifact.ts";
import {
  generateSigningKey,
  signerFromPem,
  verifyKeyFromPem,
  type ManifestSigner,
  type VerifyKey,
} from "./signing-key.ts";
import { prepareArtifact, writeArtifact } from "./write-artifact.ts";

interface Key {
  readonly signer: ManifestSigner;
  readonly verifyKey: VerifyKey;
}
const keys: Key[] = [];
beforeAll(async () => {
  for (const kind of ["ecdsa-p256", "rsa-3072"] as const) {
    const { privateKeyPem, publicKeyPem } = await generateSigningKey(kind);
    keys.push({ signer: signerFromPem(privateKeyPem), verifyKey: verifyKeyFromPem(publicKeyPem) });
  }
});
const key = (index: number): Key => {
  const found = keys[index];
  if (found === undefined) throw new Error("keys are made before the tests");
  return found;
};

const description = {
  artifactName: "release-1",
  deviceTypes: ["board"],
  payloads: [{ type: "app", files: [payloadFileFromBytes("app.bin", repetitiveBytes(400_000))] }],
};

test("an artifact that is signed later is what it would be if it had been signed at once", async () => {
  // RSA signatures of PKCS#1 v1.5 are the same each time.
  const { signer, verifyKey } = key(1);
  for (const compression of ["none", "gz", "zst"] as const) {
    const unsigned = await collect(writeArtifact(description, { compression }));
    const atOnce = await collect(writeArtifact(description, { compression, signer }));

    for (const chunkBytes of [1_000, 1_000_000]) {
      const later = await collect(signArtifact(chunked(unsigned, chunkBytes), signer));
      expect(Buffer.compare(later, atOnce)).toBe(0);
    }
    expect(await inspectArtifact(chunked(atOnce), { verifyKeys: [verifyKey] })).toMatchObject({
      head: { signature: { kind: "verified", keyIndex: 0 } },
      sha256: sha256(atOnce),
    });
  }
});

test("what is prepared with a signer has its size", async () => {
  const prepared = await prepareArtifact(description, { signer: key(0).signer });

  expect(await collect(prepared.bytes())).toHaveLength(prepared.sizeBytes);
  expect(prepared.head.signature).toEqual({ kind: "unverified" });
});

test("a new signature replaces the one there was", async () => {
  const once = signArtifact(chunked(rawArtifact()), key(0).signer);
  const twice = await collect(signArtifact(once, key(1).signer));

  expect(
    await inspectArtifact(chunked(twice), { verifyKeys: [key(0).verifyKey, key(1).verifyKey] }),
  ).toMatchObject({ head: { signature: { kind: "verified", keyIndex: 1 } } });
  const direct = await collect(signArtifact(chunked(rawArtifact()), key(1).signer));
  expect(Buffer.compare(direct, twice)).toBe(0);
});

test("an artifact that is damaged is not signed to its end", async () => {
  const damaged = rawArtifact({ extraData: [{ name: "evil", content: "x" }] });

  expect(await refusedWith(collect(signArtifact(chunked(damaged), key(0).signer)))).toBe(
    "not-in-manifest data/0000.tar:evil",
  );
  const cut = rawArtifact().subarray(0, 8_000);
  expect(await refusedWith(collect(signArtifact(chunked(cut), key(0).signer)))).toBe(
    "artifact-truncated artifact",
  );
});

test("an error of the signer comes out as it is, and the source is told to stop", async () => {
  let isClosed = false;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* chunked(rawArtifact(), 512);
    } finally {
      isClosed = true;
    }
  };
  const signer: ManifestSigner = {
    sign: async () => {
      throw new Error("the token is locked");
    },
  };

  await expect(collect(signArtifact(source(), signer))).rejects.toThrow("the token is locked");
  expect(isClosed).toBe(true);
});
