import { constants, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { concatBytes, hex, utf8, type SignatureScheme } from "@moult/base";
import { expect, test } from "vitest";
import { nodeCrypto } from "./node-crypto.ts";

const message = utf8("what was signed");
const ed25519 = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const shortRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const der = (key: KeyObject): Uint8Array => key.export({ format: "der", type: "spki" });
const pss = (key: KeyObject): Uint8Array =>
  sign("sha256", message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });

const signatures: readonly (readonly [SignatureScheme, Uint8Array, Uint8Array])[] = [
  ["ed25519", der(ed25519.publicKey), sign(null, message, ed25519.privateKey)],
  ["ecdsa-p256-sha256", der(p256.publicKey), sign("sha256", message, p256.privateKey)],
  ["rsa-pss-sha256", der(rsa.publicKey), pss(rsa.privateKey)],
];

test.each(signatures)("a signature by %s holds for its message alone", (scheme, key, signature) => {
  expect(nodeCrypto.verify(scheme, key, message, signature)).toBe(true);
  expect(nodeCrypto.verify(scheme, key, utf8("another"), signature)).toBe(false);
  expect(nodeCrypto.verify(scheme, key, message, signature.subarray(1))).toBe(false);
  expect(nodeCrypto.verify(scheme, key, message, new Uint8Array())).toBe(false);
});

test("a key verifies under its own scheme alone", () => {
  for (const [scheme, key, signature] of signatures)
    for (const [other] of signatures)
      expect(nodeCrypto.verify(other, key, message, signature)).toBe(other === scheme);
});

test("another curve, a short RSA key and a key with bytes behind it verify nothing", () => {
  const curve = sign("sha256", message, p384.privateKey);
  expect(nodeCrypto.verify("ecdsa-p256-sha256", der(p384.publicKey), message, curve)).toBe(false);
  const short = pss(shortRsa.privateKey);
  expect(nodeCrypto.verify("rsa-pss-sha256", der(shortRsa.publicKey), message, short)).toBe(false);
  for (const [scheme, key, signature] of signatures) {
    const longer = concatBytes([key, Uint8Array.of(0)]);
    expect(nodeCrypto.verify(scheme, longer, message, signature)).toBe(false);
  }
  expect(nodeCrypto.verify("ed25519", utf8("no key"), message, new Uint8Array(64))).toBe(false);
});

test("digests are SHA-2's (FIPS 180-4, the message abc)", () => {
  expect(hex(nodeCrypto.sha256(utf8("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  expect(hex(nodeCrypto.sha512(utf8("abc"))).slice(0, 32)).toBe("ddaf35a193617abacc417349ae204131");
});
