import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { styleText } from "node:util";
import { fitText } from "./plain-text.ts";
import type { Terminal } from "./terminal.ts";

const ESCAPE = String.fromCharCode(27);

/** The terminal that this process was started in. */
export function createProcessTerminal(
  { stdin, stdout, stderr }: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">,
  signal: AbortSignal,
): Terminal {
  let statusLines = 0;
  const eraseStatus = (): void => {
    if (statusLines > 0) stderr.write(`${ESCAPE}[${statusLines}A${ESCAPE}[0J`);
    statusLines = 0;
  };
  const hasStatus = stderr.isTTY === true;
  const line = async (question: string, isSecret: boolean): Promise<string> => {
    const output = isSecret ? silently(stderr, question) : stderr;
    const reader = createInterface({ input: stdin, output, terminal: true });
    try {
      return await reader.question(question, { signal });
    } finally {
      reader.close();
      if (isSecret) stderr.write("\n");
    }
  };
  return {
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    hasStatus,
    canAsk: stdin.isTTY === true && hasStatus,
    out: (text) => {
      eraseStatus();
      stdout.write(`${text}\n`);
    },
    err: (text) => {
      eraseStatus();
      stderr.write(`${text}\n`);
    },
    status: (lines) => {
      if (!hasStatus) return;
      eraseStatus();
      if (lines === undefined) return;
      // A line that wraps would count as two, and leave one behind.
      for (const text of lines) stderr.write(`${fitText(text, stderr.columns - 1)}\n`);
      statusLines = lines.length;
    },
    // `styleText` knows NO_COLOR, FORCE_COLOR, and whether the stream is a terminal.
    style: (style, text) => styleText(style, text, { stream: stdout }),
    ask: (question) => line(question, false),
    askSecret: (question) => line(question, true),
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks)
        .toString("utf8")
        .replace(/\r?\n$/, "");
    },
  };
}

/** Shows the question and nothing of what is typed. */
function silently(stream: NodeJS.WriteStream, question: string): Writable {
  stream.write(question);
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
