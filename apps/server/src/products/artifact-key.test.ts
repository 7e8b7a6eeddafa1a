import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect, test } from "vitest";
import { readArtifactKeys } from "./artifact-key.ts";

const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa2048 = generateKeyPairSync("rsa", { modulusLength: 2048 });

test("RSA keys of 2048 bits and P-256 keys are kept", () => {
  const keys = [pem(p256.publicKey), pem(rsa2048.publicKey)];

  expect(readArtifactKeys(keys)).toEqual({ kind: "usable", pems: keys });
});

test("the same key in another spelling is one key, without the text around it", () => {
  const key = pem(p256.publicKey);

  expect(readArtifactKeys([key, `a note\n${key.replaceAll("\n", "\r\n")}\n`])).toEqual({
    kind: "usable",
    pems: [key],
  });
});

test.each([
  ["text", "hello", /not one public key/],
  ["two keys in one", pem(p256.publicKey) + pem(rsa2048.publicKey), /not one public key/],
  [
    "a private key",
    p256.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    /private key/,
  ],
  [
    "a short RSA key",
    pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
    /2048 bits/,
  ],
  [
    "a P-384 key",
    pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey),
    /only RSA and ECDSA P-256/,
  ],
  ["an Ed25519 key", pem(generateKeyPairSync("ed25519").publicKey), /only RSA and ECDSA P-256/],
  [
    "PKCS#1",
    rsa2048.publicKey.export({ type: "pkcs1", format: "pem" }).toString(),
    /not one public key/,
  ],
  ["a broken block", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", /read/],
])("%s is refused with its place and what to give instead", (_, key, reason) => {
  const read = readArtifactKeys([pem(p256.publicKey), key]);

  expect(read).toEqual({
    kind: "unusable",
    issues: [{ path: "artifactKeys.1", message: expect.stringMatching(reason) }],
  });
  expect(read.kind === "unusable" && read.issues[0]?.message).toMatch(/SubjectPublicKeyInfo/);
});
