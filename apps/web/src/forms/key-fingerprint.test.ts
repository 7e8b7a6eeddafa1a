import { createHash, generateKeyPairSync, webcrypto } from "node:crypto";
import { expect, test } from "vitest";
import { readKeyFingerprint } from "./key-fingerprint.ts";

const digest = (bytes: BufferSource) => webcrypto.subtle.digest("SHA-256", bytes as never);
const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const fingerprint = createHash("sha256")
  .update(publicKey.export({ type: "spki", format: "der" }))
  .digest("hex");

test("a key in PEM and its fingerprint in any dress are one and the same", async () => {
  const colons = fingerprint.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:");

  for (const text of [pem, `\n ${pem}\n`, fingerprint, colons, `SHA256:${fingerprint}`])
    expect(await readKeyFingerprint(text, digest)).toEqual({ kind: "read", fingerprint });
});

test.each([
  ["", /Neither/],
  [fingerprint.slice(1), /Neither/],
  [pem.replaceAll("PUBLIC", "PRIVATE"), /Neither/],
  [`${pem}${pem}`, /Neither/],
  [pem.replace("\n-----END", "=A\n-----END"), /cut off/],
])("what is no key is said to be none: %j", async (text, why) => {
  expect(await readKeyFingerprint(text, digest)).toMatchObject({
    kind: "unreadable",
    why: expect.stringMatching(why),
  });
});

test("a page that has no digests asks for the fingerprint", async () => {
  expect(await readKeyFingerprint(pem, undefined)).toMatchObject({ kind: "unreadable" });
  expect(await readKeyFingerprint(fingerprint, undefined)).toMatchObject({ kind: "read" });
});
