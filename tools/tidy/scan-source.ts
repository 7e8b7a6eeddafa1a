/**
 * Enough of a TypeScript scanner for rules that search text: it knows what is code and what is only quoted or
 * remarked. A parser would know more and take a second; tidy has half of one for the whole project.
 */
export interface Scan {
  /**
   * The source with comments and the insides of strings, templates and regular expressions blanked. It has the
   * source's length and line breaks, so an offset means the same place in both.
   */
  readonly code: string;
  readonly imports: readonly ImportStatement[];
}

export interface ImportStatement {
  readonly kind: "import" | "export" | "dynamic";
  readonly specifier: string;
  /** What stands between the keyword and `from`, without `type`; empty for `import "x"` and `import("x")`. */
  readonly clause: string;
  readonly isTypeOnly: boolean;
  readonly offset: number;
}

const STOPS = /["'`/{}]/g;
const REGEX_AFTER_WORD =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|throw|await|yield|void)$/;
const NAMES = String.raw`(?:\*(?:\s*as\s+[\w$]+)?|\{[^{}]*\}|[\w$]+)`;
const STATIC_IMPORT = new RegExp(
  String.raw`\b(import|export)\s*(type\s+)?((?:[\w$]+\s*,\s*)?${NAMES})\s*from\s*(["'])([^"']*)\4`,
  "g",
);
const BARE_IMPORT = /\bimport\s*(\()?\s*(["'])([^"']*)\2/g;

export function scanSource(text: string): Scan {
  const code = blankQuoted(text);
  return { code, imports: [...staticImports(text, code), ...bareImports(text, code)] };
}

function* staticImports(text: string, code: string): Generator<ImportStatement> {
  for (const match of code.matchAll(STATIC_IMPORT)) {
    const [whole, keyword, type, clause, , blanked] = match;
    const end = match.index + whole.length - 1;
    yield {
      kind: keyword === "export" ? "export" : "import",
      specifier: text.slice(end - (blanked ?? "").length, end),
      clause: (clause ?? "").trim(),
      isTypeOnly: type !== undefined,
      offset: match.index,
    };
  }
}

function* bareImports(text: string, code: string): Generator<ImportStatement> {
  for (const match of code.matchAll(BARE_IMPORT)) {
    const [whole, parenthesis, , blanked] = match;
    const end = match.index + whole.length - 1;
    yield {
      kind: parenthesis === undefined ? "import" : "dynamic",
      specifier: text.slice(end - (blanked ?? "").length, end),
      clause: "",
      isTypeOnly: false,
      offset: match.index,
    };
  }
}

function blankQuoted(text: string): string {
  let code = "";
  let at = 0;
  let depth = 0;
  /** The brace depths at which a template's `${` was opened: the matching `}` returns into the template. */
  const templates: number[] = [];

  const keep = (end: number): void => {
    code += text.slice(at, end);
    at = end;
  };
  const blank = (end: number): void => {
    code += text.slice(at, end).replace(/[^\n]/g, " ");
    at = end;
  };
  const template = (): void => {
    const end = templateEnd(text, at);
    blank(end);
    if (text.startsWith("${", end)) {
      keep(end + 2);
      templates.push(depth);
      depth += 1;
    } else keep(end + 1);
  };

  for (;;) {
    STOPS.lastIndex = at;
    const stop = STOPS.exec(text);
    if (stop === null) break;
    keep(stop.index);
    const mark = stop[0];
    if (mark === "{") {
      depth += 1;
      keep(at + 1);
    } else if (mark === "}") {
      depth -= 1;
      keep(at + 1);
      if (templates.at(-1) === depth) {
        templates.pop();
        template();
      }
    } else if (mark === "`") {
      keep(at + 1);
      template();
    } else if (mark === "/") {
      if (text.startsWith("//", at)) blank(endOr(text, text.indexOf("\n", at)));
      else if (text.startsWith("/*", at)) blank(endOr(text, text.indexOf("*/", at + 2), 2));
      else if (isRegexStart(code)) blank(regexEnd(text, at));
      else keep(at + 1);
    } else {
      keep(at + 1);
      blank(stringEnd(text, at, mark));
      if (text[at] === mark) keep(at + 1);
    }
  }
  keep(text.length);
  return code;
}

const endOr = (text: string, index: number, past = 0): number =>
  index === -1 ? text.length : index + past;

/** A slash divides after a value and opens a regular expression after anything else. */
function isRegexStart(code: string): boolean {
  const before = code.trimEnd();
  const last = before.at(-1);
  if (last === undefined) return true;
  if (/[\w$]/.test(last)) return REGEX_AFTER_WORD.test(before.slice(-12));
  return !`)]}"'\``.includes(last);
}

function regexEnd(text: string, start: number): number {
  let isInClass = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\n") return at;
    if (char === "\\") at += 1;
    else if (char === "[") isInClass = true;
    else if (char === "]") isInClass = false;
    else if (char === "/" && !isInClass) return at + 1;
  }
  return text.length;
}

/** The offset of the closing quote, or of the line's end: an apostrophe in JSX text costs one line, no more. */
function stringEnd(text: string, start: number, quote: string): number {
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === quote || char === "\n") return at;
    if (char === "\\") at += 1;
  }
  return text.length;
}

/** The offset of the closing backtick or of the next `${`. */
function templateEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === "`" || (char === "$" && text[at + 1] === "{")) return at;
    if (char === "\\") at += 1;
  }
  return text.length;
}
