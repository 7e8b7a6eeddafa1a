import { assert, utf8 } from "@moult/base";

/**
 * The one text of a JSON value that TUF signatures cover: OLPC canonical JSON. No space, names in the order of their code
 * points, only `"` and `\` escaped, integers alone.
 */
export function canonicalJson(value: unknown): Uint8Array {
  const writer = new CanonicalWriter();
  writer.value(value);
  return writer.written();
}

/** Writes bytes as it goes: the text of a role with thousands of targets, joined from parts, would take ten times its size. */
class CanonicalWriter {
  #bytes = new Uint8Array(1_024);
  #length = 0;

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  value(value: unknown): void {
    if (typeof value === "string") this.#string(value);
    else if (typeof value === "number") {
      assert(Number.isSafeInteger(value), "canonical JSON holds safe integers alone");
      this.#ascii(String(value));
    } else if (value === null || typeof value === "boolean") this.#ascii(String(value));
    else if (Array.isArray(value)) this.#array(value);
    else {
      assert(typeof value === "object", "canonical JSON holds JSON values alone");
      this.#object(value as Readonly<Record<string, unknown>>);
    }
  }

  #array(values: readonly unknown[]): void {
    let separator = "[";
    for (const value of values) {
      this.#ascii(separator);
      this.value(value);
      separator = ",";
    }
    this.#ascii(separator === "[" ? "[]" : "]");
  }

  #object(object: Readonly<Record<string, unknown>>): void {
    let separator = "{";
    for (const name of sortedNames(object)) {
      const member = object[name];
      if (member === undefined) continue;
      this.#ascii(separator);
      this.#string(name);
      this.#ascii(":");
      this.value(member);
      separator = ",";
    }
    this.#ascii(separator === "{" ? "{}" : "}");
  }

  #string(text: string): void {
    const escaped = /["\\]/.test(text) ? text.replace(/["\\]/g, "\\$&") : text;
    this.#ascii('"');
    if (!this.#ascii(escaped)) {
      const bytes = utf8(escaped);
      this.#reserve(bytes.length);
      this.#bytes.set(bytes, this.#length);
      this.#length += bytes.length;
    }
    this.#ascii('"');
  }

  /** Writes `text` and says so, or writes nothing when it is more than ASCII. */
  #ascii(text: string): boolean {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return false;
      bytes[start + index] = unit;
    }
    this.#length = start + text.length;
    return true;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.written());
    this.#bytes = larger;
  }
}

function sortedNames(object: object): string[] {
  const names = Object.keys(object);
  return names.some((name) => /[\ud800-\udfff]/.test(name))
    ? names.sort(byCodePoint)
    : names.sort();
}

/** JavaScript orders by UTF-16 unit, which puts U+10000 before U+E000. */
function byCodePoint(left: string, right: string): number {
  const lefts = Array.from(left, (character) => character.codePointAt(0) ?? 0);
  const rights = Array.from(right, (character) => character.codePointAt(0) ?? 0);
  for (const [index, point] of lefts.entries()) {
    const other = rights[index];
    if (other === undefined) return 1;
    if (point !== other) return point - other;
  }
  return lefts.length - rights.length;
}
