import type { ConfigOptions } from "../config.ts";
import { RESTART_EXIT_CODE } from "../self-update/launched-agent.ts";

/** What the process ends with; scripts decide by it (docs/guide/agent.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  nothingToDo: 3,
  rebootNeeded: 4,
  /** Only of the daemon: its launcher shall start it again. */
  restart: RESTART_EXIT_CODE,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Options after parsing: `true` for a switch, text for a value, a list for a value that may be repeated. */
export interface CommandInput {
  readonly positionals: readonly string[];
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** What a command gets from its surroundings. */
export interface CommandWorld {
  readonly options: ConfigOptions;
  /** One line to standard output. */
  readonly print: (line: string) => void;
  /** One line to standard error. */
  readonly complain: (line: string) => void;
}

export interface Command {
  readonly name: string;
  /** What follows the name, for the help. */
  readonly synopsis: string;
  readonly summary: string;
  /** Names of switches (`--name`) and of options with a value (`--name VALUE`) that it takes. */
  readonly switches: readonly string[];
  readonly values: readonly string[];
  readonly positionalsMin: number;
  readonly positionalsMax: number;
  readonly run: (input: CommandInput, world: CommandWorld) => Promise<ExitCode>;
}
