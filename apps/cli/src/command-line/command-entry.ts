import type { Command } from "./command.ts";

/**
 * A line of the command table. The command itself is loaded only when it runs, so that `moult --help` reads neither the
 * API's schemas nor the artifact code.
 */
export interface CommandEntry {
  /** Noun and verb as typed: `device list`. */
  readonly name: string;
  /** A sentence without its full stop. */
  readonly summary: string;
  load(): Promise<Command>;
}

export const entry = (
  name: string,
  summary: string,
  load: () => Promise<Command>,
): CommandEntry => ({ name, summary, load });
