import fc from "fast-check";
import { expect, test } from "vitest";
import { base64, bytesFromBase64, bytesFromHex, hex, textFromUtf8, utf8 } from "./bytes.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

test("UTF-8 agrees with the platform's encoder for every string", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
    }),
  );
});

test("UTF-8 decoding agrees with the platform's strict decoder for every byte string", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(bytes, (input) => {
      let expected: string | undefined;
      try {
        expected = strict.decode(input);
      } catch {
        expected = undefined;
      }
      expect(textFromUtf8(input)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("hexadecimal and base64 agree with the platform and come back unchanged", () => {
  fc.assert(
    fc.property(bytes, (input) => {
      expect(hex(input)).toBe(Buffer.from(input).toString("hex"));
      expect(bytesFromHex(hex(input))).toEqual(input);
      expect(base64(input)).toBe(Buffer.from(input).toString("base64"));
      expect(bytesFromBase64(base64(input))).toEqual(input);
    }),
  );
});

test("only the canonical base64 of a byte string is accepted", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const decoded = bytesFromBase64(text);
      if (decoded !== undefined) expect(base64(decoded)).toBe(text);
    }),
  );
  expect(bytesFromBase64("QQ=")).toBeUndefined();
  expect(bytesFromBase64("QR==")).toBeUndefined();
  expect(bytesFromBase64("QUI=")).toEqual(utf8("AB"));
  expect(bytesFromBase64("====")).toBeUndefined();
});
