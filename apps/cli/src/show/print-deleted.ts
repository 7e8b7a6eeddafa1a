import type { CommandContext } from "../command-line/command.ts";
import { plainText } from "../terminal/plain-text.ts";
import { printJson } from "./print-json.ts";

/** The API answers a deletion with nothing; programs still get to see what is gone. */
export function printDeleted({ terminal, isJson }: CommandContext, noun: string, id: string): void {
  if (isJson) printJson(terminal, { deleted: id });
  else terminal.out(plainText(`Deleted ${noun} ${id}.`));
}
