import { assert } from "./assert.ts";

/**
 * The one text of a JSON value: no space, names in the order of their UTF-16 units, members without a value left out, numbers
 * and strings as JSON.stringify writes them (RFC 8785). Whatever would not come back from its text as it was (a date, a map,
 * a number that is none) is an invariant error.
 */
export function canonicalText(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string")
    return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), "canonical text holds numbers");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  assert(isPlainObject(value), "canonical text holds JSON values alone");
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`);
  return `{${members.join(",")}}`;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
