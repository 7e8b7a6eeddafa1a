import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { stripVTControlCharacters, styleText } from "node:util";
import { CliError } from "../command-line/cli-error.ts";
import { fitText } from "./plain-text.ts";
import type { Terminal } from "./terminal.ts";

const ESCAPE = String.fromCharCode(27);

/** A terminal that does not say how wide it is. */
const COLUMNS_UNKNOWN = 80;

/** The terminal that this process was started in. Ctrl-C at a question calls `interrupt`, as it does anywhere else. */
export function createProcessTerminal(
  { stdin, stdout, stderr }: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">,
  interrupt: () => void,
): Terminal {
  let statusLines = 0;
  const eraseStatus = (): void => {
    if (statusLines > 0) stderr.write(`${ESCAPE}[${statusLines}A${ESCAPE}[0J`);
    statusLines = 0;
  };
  const hasStatus = stderr.isTTY === true;
  const line = async (question: string, isSecret: boolean): Promise<string> => {
    const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
    const output = isSecret ? silence : stderr;
    // From here on the terminal itself echoes nothing; only then may somebody begin to type a secret.
    const reader = createInterface({ input: stdin, output, terminal: true });
    if (isSecret) stderr.write(question);
    try {
      return await new Promise((resolve, reject) => {
        const end = (why: string): void => reject(new CliError("cancelled", why));
        reader.once("SIGINT", () => {
          interrupt();
          end("Stopped.");
        });
        reader.once("close", () => end("The input ended before the answer."));
        reader.question(question).then(resolve, reject);
      });
    } finally {
      reader.close();
      if (isSecret) stderr.write("\n");
    }
  };
  return {
    columns: stdout.isTTY === true ? stdout.columns || COLUMNS_UNKNOWN : undefined,
    hasStatus,
    canAsk: stdin.isTTY === true && hasStatus,
    out: (text) => {
      eraseStatus();
      stdout.write(`${text}\n`);
    },
    err: (text) => {
      eraseStatus();
      // Styles follow standard output; a log of the errors must not get them.
      stderr.write(`${hasStatus ? text : stripVTControlCharacters(text)}\n`);
    },
    status: (lines) => {
      if (!hasStatus) return;
      eraseStatus();
      if (lines === undefined) return;
      // A line that wraps would count as two, and leave one behind.
      for (const text of lines)
        stderr.write(`${fitText(text, (stderr.columns || COLUMNS_UNKNOWN) - 1)}\n`);
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
