import { storableText } from "./storable-text.ts";

/**
 * JSON text that the databases can look into: PostgreSQL refuses to read out an escaped NUL or half of a surrogate pair, and one
 * such row would fail every question about its neighbours. Each becomes U+FFFD, as in text.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(storable(value));
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [storableText(name), storable(each)]),
  );
}
