// A scenario is a Markdown document: prose for the reader, plans as JSON, and consoles with commands and what they
// answer. Running one renders it anew, so that the document says what the product does.

/** One fenced block of a document, or the prose between two. */
type ScenarioPart =
  | { readonly kind: "prose"; readonly text: string }
  /** ```json NAME */
  | { readonly kind: "plan"; readonly name: string; readonly json: string }
  /** ```console */
  | { readonly kind: "console"; readonly commands: readonly string[] };

const FENCE = /^```(?<info>.*)$/u;

/** Splits a document; a command is a line that begins with `$ `, everything else in a console is an old answer. */
function parseScenario(document: string): readonly ScenarioPart[] {
  const parts: ScenarioPart[] = [];
  let lines: string[] = [];
  let info: string | null = null;
  for (const line of document.split("\n")) {
    const fence = FENCE.exec(line);
    if (fence === null) {
      lines.push(line);
      continue;
    }
    if (info === null) {
      parts.push({ kind: "prose", text: lines.join("\n") });
      info = fence.groups?.["info"]?.trim() ?? "";
    } else {
      parts.push(partOf(info, lines));
      info = null;
    }
    lines = [];
  }
  if (info !== null) throw new Error(`the block "${info}" has no end`);
  parts.push({ kind: "prose", text: lines.join("\n") });
  return parts;
}

function partOf(info: string, lines: readonly string[]): ScenarioPart {
  if (info === "console") {
    const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    return { kind: "console", commands };
  }
  const name = /^json (?<name>[a-z-]+)$/u.exec(info)?.groups?.["name"];
  if (name === undefined) throw new Error(`a block is "console" or "json NAME", not "${info}"`);
  return { kind: "plan", name, json: lines.join("\n") };
}

/** The document with the answers that its commands give now. */
export async function renderScenario(
  document: string,
  answer: (command: string) => Promise<readonly string[]>,
  plan: (name: string, json: string) => void,
): Promise<string> {
  const blocks: string[] = [];
  for (const part of parseScenario(document)) {
    if (part.kind === "prose") blocks.push(part.text);
    else if (part.kind === "plan") {
      plan(part.name, part.json);
      blocks.push(`\`\`\`json ${part.name}\n${part.json}\n\`\`\``);
    } else {
      const lines = [];
      for (const command of part.commands) lines.push(`$ ${command}`, ...(await answer(command)));
      blocks.push(["```console", ...lines, "```"].join("\n"));
    }
  }
  return blocks.join("\n");
}

/** A command is a sentence of words; the first pattern that fits carries it out. */
export type ScenarioCommand = readonly [
  pattern: RegExp,
  run: (words: Readonly<Record<string, string | undefined>>) => Promise<readonly string[]>,
];

export function runCommand(
  commands: readonly ScenarioCommand[],
  command: string,
): Promise<readonly string[]> {
  for (const [pattern, run] of commands) {
    const match = pattern.exec(command);
    if (match !== null) return run(match.groups ?? {});
  }
  throw new Error(`no command of scenarios is "${command}"`);
}

/** `all`, `7`, `1-20`, `1-5,9`: numbers of devices, of `count` that there are. */
export function numbersOf(text: string, count: number): readonly number[] {
  if (text === "all") return Array.from({ length: count }, (_, index) => index + 1);
  return text.split(",").flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    if (!Number.isInteger(first) || !Number.isInteger(last) || last < first)
      throw new Error(`"${text}" are no devices`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
