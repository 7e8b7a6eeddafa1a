import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { derOfRawEcdsa, rawOfDerEcdsa } from "./ecdsa-signature.ts";

const key = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

test("a signature in DER is OpenSSL's for the same two numbers", () => {
  for (let round = 0; round < 300; round += 1) {
    const message = Buffer.from(`message ${round}`);
    const der = sign("sha256", message, { key, dsaEncoding: "der" });
    const raw = rawOfDerEcdsa(der);
    expect(raw).toBeDefined();
    expect(Buffer.from(derOfRawEcdsa(raw ?? new Uint8Array(64))).equals(der)).toBe(true);
  }
});

test("any two numbers come back from their DER", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.nat(31),
      fc.nat(31),
      (bytes, zerosOfR, zerosOfS) => {
        const raw = Uint8Array.from(bytes);
        raw.fill(0, 0, zerosOfR);
        raw.fill(0, 32, 32 + zerosOfS);
        expect(rawOfDerEcdsa(derOfRawEcdsa(raw))).toEqual(raw);
      },
    ),
  );
});

test.each([
  ["nothing", ""],
  ["a number that is negative", "3006020180020101"],
  ["a zero that nothing needs", "300702020001020101"],
  ["a length that is wrong", "3007020101020101"],
  ["bytes behind it", "300602010102010100"],
  ["one number", "3003020101"],
  ["a number of 33 bytes", `3026022101${"00".repeat(32)}020101`],
])("DER with %s is refused", (_case, text) => {
  expect(rawOfDerEcdsa(Buffer.from(text, "hex"))).toBeUndefined();
});
