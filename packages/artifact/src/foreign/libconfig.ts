/** A value of libconfig's language, as far as SWUpdate uses it. */
export type ConfigValue =
  | string
  | number
  | boolean
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue };

const DEPTH_MAX = 32;
const VALUES_MAX = 20_000;

const TOKEN =
  /("(?:[^"\\]|\\[\s\S])*")|([A-Za-z*][A-Za-z0-9_*-]*)|([-+]?(?:0[xX][0-9A-Fa-f]{1,16}|\d{0,32}\.?\d{1,32}(?:[eE][-+]?\d{1,4})?)L{0,2})|([{}()[\]=:;,])/y;
const BLANK = /\s/;

type Token =
  | { readonly kind: "string" | "name" | "mark"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "end" };

/** Thrown for what is not the language, or more of it than anybody writes. */
export class ConfigSyntaxError extends Error {}

/** Where the next token begins, past blanks and comments. */
function nextToken(text: string, from: number): number {
  let at = from;
  for (;;) {
    const start = text.slice(at, at + 2);
    if (start === "") return at;
    if (BLANK.test(start.charAt(0))) at += 1;
    else if (start.startsWith("#") || start === "//") at = after(text, "\n", at);
    else if (start === "/*") at = after(text, "*/", at + 2);
    else return at;
  }
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = nextToken(text, 0); at < text.length; at = nextToken(text, TOKEN.lastIndex)) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw new ConfigSyntaxError("it is not in libconfig's language");
    if (tokens.length > VALUES_MAX * 4) throw new ConfigSyntaxError("it is too long");
    const [, quoted, name, number, mark] = match;
    if (quoted !== undefined) tokens.push({ kind: "string", text: unquoted(quoted) });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (number !== undefined)
      tokens.push({ kind: "number", value: Number(number.replace(/L+$/, "")) });
    else tokens.push({ kind: "mark", text: mark ?? "" });
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f" };

const unquoted = (quoted: string): string =>
  quoted
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9A-Fa-f]{2})|([\s\S]))/g, (_, hex?: string, other = "") =>
      hex === undefined ? (ESCAPES[other] ?? other) : String.fromCharCode(Number.parseInt(hex, 16)),
    );

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #values = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: "end" };
  }

  #takes(mark: string): boolean {
    const token = this.#token;
    if (token.kind !== "mark" || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  settings(end: "}" | undefined, depth: number): { readonly [name: string]: ConfigValue } {
    const settings = new Map<string, ConfigValue>();
    for (;;) {
      if (end === undefined ? this.#token.kind === "end" : this.#takes(end))
        return Object.fromEntries(settings);
      const token = this.#token;
      if (token.kind !== "name") throw new ConfigSyntaxError("a name is missing");
      this.#at += 1;
      if (!this.#takes("=") && !this.#takes(":"))
        throw new ConfigSyntaxError(`a value of ${token.text} is missing`);
      settings.set(token.text, this.value(depth + 1));
      if (!this.#takes(";")) this.#takes(",");
    }
  }

  value(depth: number): ConfigValue {
    this.#values += 1;
    if (depth > DEPTH_MAX || this.#values > VALUES_MAX)
      throw new ConfigSyntaxError("it is nested too deeply, or too long");
    if (this.#takes("{")) return this.settings("}", depth);
    if (this.#takes("(")) return this.#list(")", depth);
    if (this.#takes("[")) return this.#list("]", depth);
    const token = this.#token;
    this.#at += 1;
    if (token.kind === "number") return token.value;
    if (token.kind === "name" && /^(?:true|false)$/i.test(token.text))
      return token.text.toLowerCase() === "true";
    if (token.kind !== "string") throw new ConfigSyntaxError("a value is missing");
    let { text } = token;
    // Texts one after the other are one.
    for (let next = this.#token; next.kind === "string"; next = this.#token) {
      text += next.text;
      this.#at += 1;
    }
    return text;
  }

  #list(end: ")" | "]", depth: number): readonly ConfigValue[] {
    const values: ConfigValue[] = [];
    while (!this.#takes(end)) {
      values.push(this.value(depth + 1));
      if (this.#takes(end)) return values;
      if (!this.#takes(",")) throw new ConfigSyntaxError("a list does not end");
    }
    return values;
  }
}

/** Reads a text in libconfig's language (hyperrealm.github.io/libconfig). Throws `ConfigSyntaxError`. */
export const parseLibconfig = (text: string): { readonly [name: string]: ConfigValue } =>
  new Parser(tokensOf(text)).settings(undefined, 0);
