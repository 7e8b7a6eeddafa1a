import type { Terminal } from "../terminal/terminal.ts";
import type { ExitCode } from "./exit-code.ts";

/** One `--name` of a command. A string option takes a value; `value` names it in the help. */
export type OptionSpec =
  | { readonly type: "boolean"; readonly help: string; readonly short?: string }
  | {
      readonly type: "string";
      readonly value: string;
      readonly help: string;
      readonly short?: string;
      /** May be given several times. */
      readonly multiple?: true;
      readonly required?: true;
    };
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<Spec> = Spec extends { readonly type: "boolean" }
  ? boolean
  : Spec extends { readonly multiple: true }
    ? readonly string[]
    : Spec extends { readonly required: true }
      ? string
      : string | undefined;

export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: ValueOf<Specs[Name]>;
};

/** What a command may touch of the world; `main.ts` makes the real one. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Work of each guess at the passphrase of a key file that is made; absent: as much as a person can wait for. */
  readonly scryptN?: number;
  /** Print the API's replies as JSON instead of text: `--json`, which every command has. */
  readonly isJson: boolean;
}

interface CommandInput<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>;
  readonly positionals: readonly string[];
}

/** What a command takes and does; its name and summary stand in the command table. */
export interface CommandDefinition<Specs extends OptionSpecs> {
  /** In order: `NAME` must be there, `[NAME]` may, `NAME...` is one or more; the last kind only at the end. */
  readonly positionals?: readonly string[];
  readonly options: Specs;
  /** More sentences for the command's own help. */
  readonly details?: string;
  readonly example: string;
  /** No exit code means `ok`. */
  run(context: CommandContext, input: CommandInput<Specs>): Promise<ExitCode | void>;
}

/** A command whose options the caller does not know by type. */
export type Command = CommandDefinition<OptionSpecs>;

/** Keeps the exact types of a command's options for its own `run`. */
export const command = <const Specs extends OptionSpecs>(
  definition: CommandDefinition<Specs>,
): Command => definition as unknown as Command;
