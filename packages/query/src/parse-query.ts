import { QueryError } from "./query-error.ts";
import {
  CONDITIONS_MAX,
  CONTEXT_NAMES,
  DEPTH_MAX,
  FACT_NAMES,
  QUERY_LENGTH_MAX,
  WILDCARDS_MAX,
  isOrdered,
  valuesOf,
  type Condition,
  type FactName,
  type Field,
  type Operator,
  type Pattern,
  type Query,
} from "./query.ts";
import { NAME_WORD, VALUE_WORD, isKeyword, isStorable } from "./words.ts";

const FIELDS = `a field: ${FACT_NAMES.join(", ")}, identity.NAME or inventory.NAME`;
const CONTEXT_FIELDS = `a field: ${CONTEXT_NAMES.map((name) => `context.${name}`).join(", ")}`;

/** What a text may ask for: what devices are, or the circumstances that they are in. */
type Subject = "device" | "context";

/** Reads a query over devices, in time linear in its length. Throws `QueryError` for everything that is none. */
export const parseQuery = (text: string): Query => parse(text, "device");

/** Reads the conditions of a plan: a query over `context.*` and nothing else. Throws `QueryError`. */
export const parseConditions = (text: string): Query => parse(text, "context");
const OPERATORS = ["!=", "<=", ">=", "=", "<", ">", ":"] as const;

function parse(text: string, subject: Subject): Query {
  if (text.length > QUERY_LENGTH_MAX)
    throw new QueryError(
      "too-long",
      QUERY_LENGTH_MAX,
      `the end: a query has at most ${QUERY_LENGTH_MAX} characters`,
    );
  if (!isStorable(text)) throw new QueryError("unexpected", badAt(text), "a character of a text");
  const reader = new Reader(text, subject);
  const query = reader.expression(0);
  reader.end();
  return query;
}

const badAt = (text: string): number => {
  const storable = text.replaceAll("\0", "\u{FFFD}").toWellFormed();
  return Array.from({ length: text.length }, (_, at) => at).findIndex(
    (at) => text[at] !== storable[at],
  );
};

class Reader {
  readonly #text: string;
  readonly #subject: Subject;
  #at = 0;
  #conditions = 0;

  constructor(text: string, subject: Subject) {
    this.#text = text;
    this.#subject = subject;
  }

  expression(depth: number): Query {
    const first = this.#term(depth);
    const word = this.#peekKeyword();
    if (word !== "AND" && word !== "OR") return first;
    const parts = [first];
    for (
      let next = this.#peekKeyword();
      next === "AND" || next === "OR";
      next = this.#peekKeyword()
    ) {
      if (next !== word)
        this.#refuse(
          `${word}, or parentheses around one of the two: AND and OR have no order of precedence here`,
        );
      this.#at += word.length;
      parts.push(this.#term(depth));
    }
    return { kind: word === "AND" ? "and" : "or", parts };
  }

  end(): void {
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#refuse("AND, OR or the end");
  }

  #term(depth: number): Query {
    this.#skipBlanks();
    if (depth > DEPTH_MAX)
      throw new QueryError(
        "too-deep",
        this.#at,
        `no more than ${DEPTH_MAX} parentheses and NOTs within each other`,
      );
    if (this.#peekKeyword() === "NOT") {
      this.#at += "NOT".length;
      return { kind: "not", part: this.#term(depth + 1) };
    }
    if (this.#take("-")) return { kind: "not", part: this.#term(depth + 1) };
    if (!this.#take("(")) return this.#condition();
    const query = this.expression(depth + 1);
    this.#skipBlanks();
    if (!this.#take(")")) this.#refuse("AND, OR or a closing parenthesis");
    return query;
  }

  #condition(): Condition {
    this.#conditions += 1;
    if (this.#conditions > CONDITIONS_MAX)
      throw new QueryError(
        "too-many-conditions",
        this.#at,
        `the end: a query has at most ${CONDITIONS_MAX} conditions`,
      );
    const field = this.#field();
    if (typeof field === "string") return this.#hasKey(field);
    this.#skipBlanks();
    const operatorAt = this.#at;
    const sign = OPERATORS.find((each) => this.#take(each));
    if (sign === undefined) this.#refuse("an operator: =, !=, <, <=, >, >= or :");
    const operator: Operator = sign === ":" ? "=" : sign;
    if (operator !== "=" && operator !== "!=" && !isOrdered(field))
      throw new QueryError(
        "unexpected",
        operatorAt,
        `=, != or : here; only ${this.#subject === "context" ? "context.batteryPercent has" : "running and inventory attributes have"} an order`,
      );
    this.#skipBlanks();
    const valueAt = this.#at;
    const value = this.#value();
    this.#checkValue(field, operator, value, valueAt);
    return { kind: "condition", field, operator, value };
  }

  /** `inventory:NAME`, which says the same as `inventory.NAME:*`. */
  #hasKey(kind: "identity" | "inventory"): Condition {
    this.#skipBlanks();
    if (!this.#take(":")) this.#refuse(`a dot and a name: ${kind}.NAME`);
    this.#skipBlanks();
    const at = this.#at;
    const [name, ...more] = this.#value();
    if (more.length > 0 || name === "") this.#refuse("the name of an attribute", at);
    return { kind: "condition", field: { kind, name }, operator: "=", value: ["", ""] };
  }

  #checkValue(field: Field, operator: Operator, value: Pattern, at: number): void {
    if (value.length - 1 > WILDCARDS_MAX)
      this.#refuse(`at most ${WILDCARDS_MAX} wildcards in one value`, at);
    if (operator !== "=" && operator !== "!=" && value.length > 1)
      this.#refuse(`a value without a wildcard after ${operator}`, at);
    const known = valuesOf(field);
    if (known === undefined || value.length > 1 || known.includes(value[0])) return;
    const [first, ...others] = known;
    this.#refuse(
      others.length > 10
        ? `a whole number from ${first} to ${others.at(-1)}`
        : `one of ${known.join(", ")}`,
      at,
    );
  }

  /** A field; or the name alone of a kind of attributes. */
  #field(): Field | "identity" | "inventory" {
    const at = this.#at;
    if (this.#subject === "context") return this.#contextField();
    const words = this.#word(NAME_WORD);
    if (words === undefined || isKeyword(words)) this.#refuse(FIELDS, at);
    const dot = words.indexOf(".");
    const first = dot < 0 ? words : words.slice(0, dot);
    if (first === "identity" || first === "inventory") {
      if (dot >= 0) return { kind: first, name: words.slice(dot + 1) };
      if (!this.#take(".")) return first;
      const nameAt = this.#at;
      const quote = this.#peekQuote();
      if (quote === undefined) this.#refuse("a name, in quotes if it has other signs in it");
      const [name, ...more] = this.#quoted(quote);
      if (more.length > 0 || name === "") this.#refuse("a name without a wildcard", nameAt);
      return { kind: first, name };
    }
    const name = FACT_NAMES.find((each) => each === first);
    if (name === undefined) this.#refuse(FIELDS, at);
    if (dot >= 0) this.#refuse(`an operator after ${name}`, at + dot);
    return { kind: "fact", name: name satisfies FactName };
  }

  #contextField(): Field {
    const at = this.#at;
    const words = this.#word(NAME_WORD);
    const name = CONTEXT_NAMES.find((each) => words === `context.${each}`);
    if (name === undefined) this.#refuse(CONTEXT_FIELDS, at);
    return { kind: "context", name };
  }

  #value(): Pattern {
    const quote = this.#peekQuote();
    if (quote !== undefined) return this.#quoted(quote);
    const at = this.#at;
    const word = this.#word(VALUE_WORD);
    if (word === undefined || word.startsWith(":")) this.#refuse("a value", at);
    if (isKeyword(word)) this.#refuse(`a value; the word ${word} itself in quotes`, at);
    return patternOf(word.split("*"));
  }

  #quoted(quote: string): Pattern {
    this.#at += 1;
    const parts: string[] = [];
    let part = "";
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) this.#refuse(`a closing ${quote}`);
      this.#at += 1;
      if (character === quote) return patternOf([...parts, part]);
      if (character === "*") {
        parts.push(part);
        part = "";
      } else if (character === "\\") {
        const escaped = this.#text[this.#at];
        if (escaped === undefined || !String.raw`"'\*`.includes(escaped))
          this.#refuse(String.raw`one of " ' \ * after a backslash`);
        this.#at += 1;
        part += escaped;
      } else part += character;
    }
  }

  #peekQuote(): string | undefined {
    const character = this.#text[this.#at];
    return character === '"' || character === "'" ? character : undefined;
  }

  #peekKeyword(): string | undefined {
    this.#skipBlanks();
    const at = this.#at;
    const word = this.#word(NAME_WORD);
    this.#at = at;
    return word !== undefined && isKeyword(word) ? word : undefined;
  }

  #word(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const word = pattern.exec(this.#text)?.[0];
    if (word !== undefined) this.#at += word.length;
    return word;
  }

  #take(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #refuse(expected: string, at: number = this.#at): never {
    throw new QueryError("unexpected", at, expected);
  }
}

function patternOf(parts: readonly string[]): Pattern {
  const [first = "", ...rest] = parts;
  return [first, ...rest];
}
