import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { usageError } from "./cli-error.ts";
import type { Command, OptionSpecs } from "./command.ts";
import { nearestName } from "./nearest-name.ts";

export interface CommandLine {
  readonly options: Readonly<Record<string, boolean | string | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { type: "boolean", help: "Print JSON for programs: the API's own replies" },
  help: { type: "boolean", short: "h", help: "Show this help" },
} as const satisfies OptionSpecs;

/** What was typed after the command's name, checked against its definition. Throws `usage`. */
export function parseCommandLine(command: Command, args: readonly string[]): CommandLine {
  const specs: OptionSpecs = { ...command.options, ...COMMON_OPTIONS };
  const { options: values, positionals } = parsed(specs, args);
  if (values["help"] === true) return { options: values, positionals };

  for (const [name, spec] of Object.entries(specs))
    if (spec.type === "string" && spec.required === true && values[name] === undefined)
      throw usageError(`--${name} ${spec.value} is missing.`);
  checkPositionals(command.positionals ?? [], positionals);
  const defaults = Object.entries(specs).map(([name, spec]) => [
    name,
    spec.type === "boolean" ? false : spec.multiple === true ? [] : undefined,
  ]);
  return { options: { ...Object.fromEntries(defaults), ...values }, positionals };
}

function parsed(specs: OptionSpecs, args: readonly string[]): CommandLine {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      {
        type: spec.type,
        ...(spec.short === undefined ? {} : { short: spec.short }),
        ...(spec.type === "string" && spec.multiple === true ? { multiple: true } : {}),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    // Only string options may be repeated, so that a list is one of strings.
    return { options: values as CommandLine["options"], positionals };
  } catch (cause) {
    throw usageError(usageSentence(specs, cause), undefined);
  }
}

/** Node's own message, except that an unknown option names its nearest neighbour. */
function usageSentence(specs: OptionSpecs, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : "";
  const unknown = /^Unknown option '--?([^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return `${message.split(". ", 1)[0] ?? message}.`;
  const nearest = nearestName(unknown, Object.keys(specs));
  return `There is no option --${unknown}${nearest === undefined ? "" : `; did you mean --${nearest}?`}`;
}

function checkPositionals(wanted: readonly string[], given: readonly string[]): void {
  const required = wanted.filter((name) => !name.startsWith("["));
  const missing = required[given.length];
  if (missing !== undefined) throw usageError(`${missing.replace("...", "")} is missing.`);
  const takesMore = wanted.at(-1)?.includes("...") === true;
  const surplus = given[wanted.length];
  if (!takesMore && surplus !== undefined) throw usageError(`"${surplus}" is one word too many.`);
}
