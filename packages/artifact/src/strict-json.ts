import type { JsonObject, JsonValue } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";

const DEPTH_MAX = 32;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes. Throws `header-invalid`. */
export function textOf(bytes: Uint8Array, entry: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw invalid(entry, "not UTF-8", cause);
  }
}

/**
 * Reads a JSON object in which every name occurs once and none is `__proto__`: two readers of the same signed bytes must
 * not come to two results. Throws `header-invalid`.
 */
export function parseJsonObject(text: string, entry: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw invalid(entry, "not JSON", cause);
  }
  checkNames(text, entry);
  if (!isObject(value)) throw invalid(entry, "not a JSON object");
  return value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Walks over text that is known to be JSON; only strings and brackets matter. */
function checkNames(text: string, entry: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : undefined);
      if (open.length > DEPTH_MAX) throw invalid(entry, "nested too deeply");
    } else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const end = stringEnd(text, index);
      const names = open.at(-1);
      if (names !== undefined && isFollowedByColon(text, end)) {
        const name = JSON.parse(text.slice(index, end)) as string;
        if (names.has(name)) throw invalid(entry, "a name given twice", undefined, name);
        if (name === "__proto__")
          throw invalid(entry, "a name that is not accepted", undefined, name);
        names.add(name);
      }
      index = end - 1;
    }
  }
}

/** The index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
  return index + 1;
}

function isFollowedByColon(text: string, start: number): boolean {
  let index = start;
  while (/[ \t\r\n]/.test(text[index] ?? "")) index += 1;
  return text[index] === ":";
}

function invalid(entry: string, reason: string, cause?: unknown, name?: string): ArtifactError {
  return new ArtifactError(
    "header-invalid",
    { entry, reason, ...(name === undefined ? {} : { name: name.slice(0, 300) }) },
    cause === undefined ? {} : { cause },
  );
}
