import { assert } from "@moult/base";

// An ECDSA P-256 signature is two numbers. Tokens give them as r||s of 32 bytes each, TUF and OpenSSL take them as DER.

const NUMBER_BYTES = 32;
const RAW_BYTES = 2 * NUMBER_BYTES;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** DER (X.690) of `r||s`: each number without leading zeros, with one where its first bit would make it negative. */
export function derOfRawEcdsa(raw: Uint8Array): Uint8Array {
  assert(raw.length === RAW_BYTES, "r and s of P-256 have 32 bytes each");
  const body = [...integer(raw.subarray(0, NUMBER_BYTES)), ...integer(raw.subarray(NUMBER_BYTES))];
  return Uint8Array.from([SEQUENCE, body.length, ...body]);
}

function integer(bytes: Uint8Array): readonly number[] {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = [...bytes.subarray(start)];
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [INTEGER, digits.length, ...digits];
}

/** `r||s` of a DER signature, or undefined when it is not the one DER form of two numbers of P-256. */
export function rawOfDerEcdsa(der: Uint8Array): Uint8Array | undefined {
  if (der.length < 8 || der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(RAW_BYTES);
  let at = 2;
  for (const end of [NUMBER_BYTES, RAW_BYTES]) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== INTEGER || length === 0 || digits.length !== length) return undefined;
    const isPadded = digits[0] === 0 && length > 1;
    // Negative, or padded where nothing needs it.
    if ((digits[0] ?? 0) >= 0x80 || (isPadded && (digits[1] ?? 0) < 0x80)) return undefined;
    const number = isPadded ? digits.subarray(1) : digits;
    if (number.length > NUMBER_BYTES) return undefined;
    raw.set(number, end - number.length);
    at += 2 + length;
  }
  return at === der.length ? raw : undefined;
}
