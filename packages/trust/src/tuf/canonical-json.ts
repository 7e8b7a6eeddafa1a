import { assert, utf8 } from "@moult/base";

/**
 * The one text of a JSON value that TUF signatures cover: OLPC canonical JSON. No space, names in the order of their code
 * points, only `"` and `\` escaped, integers alone.
 */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8(textOf(value));
}

function textOf(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value), "canonical JSON holds safe integers alone");
    return String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  assert(typeof value === "object", "canonical JSON holds JSON values alone");
  const members: string[] = [];
  const object = value as Readonly<Record<string, unknown>>;
  for (const name of sortedNames(object)) {
    const member = object[name];
    if (member !== undefined) members.push(`${quoted(name)}:${textOf(member)}`);
  }
  return `{${members.join(",")}}`;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

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
