import { assert } from "./assert.ts";

// The pure packages are compiled without `TextEncoder`, `Buffer` and `btoa`, so these few lines stand in for them.

const HEX = "0123456789abcdef";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_VALUE: ReadonlyMap<string, number> = new Map(
  Array.from(BASE64, (character, value) => [character, value]),
);

/** UTF-8 of a string (RFC 3629); a lone surrogate becomes U+FFFD, as `TextEncoder` does. */
export function utf8(text: string): Uint8Array {
  // No code unit takes more than three bytes; signed documents of megabytes are ASCII but for a few names.
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[length] = unit;
      length += 1;
      continue;
    }
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) index += 1;
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    const following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    bytes[length] = ([0, 0xc0, 0xe0, 0xf0][following] ?? 0) | (point >> (6 * following));
    for (let left = following - 1; left >= 0; left -= 1)
      bytes[length + following - left] = 0x80 | ((point >> (6 * left)) & 0x3f);
    length += following + 1;
  }
  return bytes.slice(0, length);
}

/** As many arguments as any engine takes in one call. */
const ASCII_RUN_MAX = 4_096;

/** The text of UTF-8 bytes, or `undefined` when they are not well-formed (RFC 3629: no overlong form, no surrogate). */
export function textFromUtf8(bytes: Uint8Array): string | undefined {
  let text = "";
  let index = 0;
  while (index < bytes.length) {
    const end = asciiEnd(bytes, index);
    if (end > index) {
      // Spreading goes through an iterator, ten times slower.
      text += String.fromCharCode.apply(undefined, bytes.subarray(index, end) as never);
      index = end;
      continue;
    }
    const first = bytes[index] ?? 0;
    const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length === 0 || index + length > bytes.length) return undefined;

    let point = first & (0xff >> (length + 1));
    for (let offset = 1; offset < length; offset += 1) {
      const next = bytes[index + offset] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (next & 0x3f);
    }
    const smallest = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
    if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      return undefined;
    text += String.fromCodePoint(point);
    index += length;
  }
  return text;
}

/** Where the ASCII that begins at `start` ends, at most one run on. */
function asciiEnd(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + ASCII_RUN_MAX);
  let end = start;
  while (end < limit && (bytes[end] ?? 0) < 0x80) end += 1;
  return end;
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (HEX[byte >> 4] ?? "") + (HEX[byte & 15] ?? "");
  return text;
}

/** The bytes of lower-case hexadecimal text, or `undefined` when it is anything else. */
export function bytesFromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const word =
      ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += BASE64[word >> 18] ?? "";
    text += BASE64[(word >> 12) & 63] ?? "";
    text += left > 1 ? (BASE64[(word >> 6) & 63] ?? "") : "=";
    text += left > 2 ? (BASE64[word & 63] ?? "") : "=";
  }
  return text;
}

/** The bytes of canonical, padded base64, or `undefined`: one text per byte string, so it can be compared as text. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let written = 0;
  let word = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = index >= text.length - padding ? 0 : BASE64_VALUE.get(text.charAt(index));
    if (value === undefined) return undefined;
    word = (word << 6) | value;
    if (index % 4 !== 3) continue;
    for (const shift of [16, 8, 0]) {
      if (written < bytes.length) {
        bytes[written] = (word >> shift) & 0xff;
        written += 1;
      } else if (((word >> shift) & 0xff) !== 0) return undefined;
    }
    word = 0;
  }
  return bytes;
}

/** Joins byte strings into one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  assert(offset === whole.length, "every part was copied");
  return whole;
}

/** Whether two byte strings are equal, in time that depends on their length alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1)
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}
