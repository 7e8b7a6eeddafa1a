import { textFromUtf8 } from "@moult/base";

/** What strict JSON can say: numbers are safe integers. Objects have no prototype. */
export type StrictJson = null | boolean | number | string | readonly StrictJson[] | StrictObject;
export interface StrictObject {
  readonly [name: string]: StrictJson;
}

/** Deep enough for any TUF metadata, shallow enough for any stack. */
const DEPTH_MAX = 24;

/**
 * Reads signed JSON so that no two readers can take it differently: UTF-8 without a byte-order mark, every name of an
 * object once and none `__proto__`, whole numbers within 2^53 alone, no lone surrogate, bounded depth. `undefined` for
 * anything else. Takes time linear in its input.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson | undefined {
  const text = textFromUtf8(bytes);
  if (text === undefined) return undefined;
  const reader = new StrictReader(text);
  const value = reader.value(0);
  return value !== undefined && reader.isAtEnd() ? value : undefined;
}

/** Every method leaves `undefined` where the text is not what it must be, and the index anywhere. */
class StrictReader {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#index === this.#text.length;
  }

  value(depth: number): StrictJson | undefined {
    this.#skipSpace();
    switch (this.#text.charAt(this.#index)) {
      case "{":
        return depth < DEPTH_MAX ? this.#object(depth + 1) : undefined;
      case "[":
        return depth < DEPTH_MAX ? this.#array(depth + 1) : undefined;
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#integer();
    }
  }

  #object(depth: number): StrictObject | undefined {
    const object = Object.create(null) as Record<string, StrictJson>;
    this.#index += 1;
    if (this.#take("}")) return object;
    for (;;) {
      this.#skipSpace();
      const name = this.#text[this.#index] === '"' ? this.#string() : undefined;
      if (name === undefined || name === "__proto__" || name in object) return undefined;
      if (!this.#take(":")) return undefined;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      object[name] = value;
      if (this.#take("}")) return object;
      if (!this.#take(",")) return undefined;
    }
  }

  #array(depth: number): StrictJson[] | undefined {
    const array: StrictJson[] = [];
    this.#index += 1;
    if (this.#take("]")) return array;
    for (;;) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      array.push(value);
      if (this.#take("]")) return array;
      if (!this.#take(",")) return undefined;
    }
  }

  #string(): string | undefined {
    const start = this.#index;
    let index = start + 1;
    let isPlain = true;
    for (;;) {
      const code = this.#text.charCodeAt(index);
      if (code === 0x22) break;
      // Not a number at the end of the text, where the comparison is false as well.
      if (!(code >= 0x20)) return undefined;
      if (code === 0x5c) {
        isPlain = false;
        index += 1;
      }
      index += 1;
    }
    this.#index = index + 1;
    if (isPlain) return this.#text.slice(start + 1, index);
    return unescaped(this.#text.slice(start, index + 1));
  }

  #word<Value>(word: string, value: Value): Value | undefined {
    if (!this.#text.startsWith(word, this.#index)) return undefined;
    this.#index += word.length;
    return value;
  }

  #integer(): number | undefined {
    const INTEGER = /-?(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y;
    INTEGER.lastIndex = this.#index;
    const digits = INTEGER.exec(this.#text)?.[0];
    if (digits === undefined || digits === "-0") return undefined;
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) return undefined;
    this.#index += digits.length;
    return value;
  }

  /** Whether `character` comes next; then it is behind. */
  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#index] !== character) return false;
    this.#index += 1;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#index);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#index += 1;
    }
  }
}

function unescaped(quoted: string): string | undefined {
  try {
    const text = JSON.parse(quoted) as string;
    return text.isWellFormed() ? text : undefined;
  } catch {
    // An escape that JSON does not have.
    return undefined;
  }
}
