import type { ErrorDescription } from "./describe-error.ts";
import { usageError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import type { CommandEntry } from "./command-entry.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { commandHelp, overviewText } from "./help-text.ts";
import { nearestName } from "./nearest-name.ts";
import { parseCommandLine } from "./parse-command-line.ts";

/** Finds the command, runs it, and turns whatever it throws into one clear message and an exit code. */
export async function runCli(
  entries: readonly CommandEntry[],
  args: readonly string[],
  version: string,
  world: Omit<CommandContext, "isJson">,
): Promise<ExitCode> {
  const { terminal } = world;
  const isJson = args.includes("--json");
  try {
    const found = findCommand(entries, args);
    if (found !== undefined) return await runCommand(found.entry, found.rest, world);
    const [first] = args;
    if (first === "--version") terminal.out(version);
    else terminal.out(overviewText(entries, nounOf(entries, first)));
    // No command at all is a question; half of one is a mistake.
    return first === undefined || args.some(asksForHelp) || first === "--version"
      ? EXIT.ok
      : EXIT.usage;
  } catch (error) {
    terminal.status(undefined);
    const { describeError } = await import("./describe-error.ts");
    const described = describeError(error, world.signal);
    terminal.err(
      isJson ? JSON.stringify({ error: jsonOf(described) }) : errorText(described, world),
    );
    return described.exitCode;
  }
}

const asksForHelp = (arg: string): boolean => arg === "--help" || arg === "-h" || arg === "help";

async function runCommand(
  entry: CommandEntry,
  rest: readonly string[],
  world: Omit<CommandContext, "isJson">,
): Promise<ExitCode> {
  const command = await entry.load();
  const { options, positionals } = parseCommandLine(command, rest);
  if (options["help"] === true) {
    world.terminal.out(commandHelp(entry, command));
    return EXIT.ok;
  }
  const context = { ...world, isJson: options["json"] === true };
  // The parser gave each option the type that the command's own specs say.
  const code = await command.run(context, { options: options as never, positionals });
  return code ?? EXIT.ok;
}

/** Undefined when the words name a noun alone, or nothing. Throws `usage` when they name what is not there. */
function findCommand(
  entries: readonly CommandEntry[],
  args: readonly string[],
): { readonly entry: CommandEntry; readonly rest: readonly string[] } | undefined {
  const [first, second] = args;
  for (const words of [3, 2, 1]) {
    const name = args.slice(0, words).join(" ");
    const entry = entries.find((each) => each.name === name);
    if (entry !== undefined) return { entry, rest: args.slice(words) };
  }

  if (first === undefined || asksForHelp(first) || first === "--version") return undefined;
  if (nounOf(entries, first) !== undefined && (second === undefined || second.startsWith("-")))
    return undefined;
  const typed = second === undefined || second.startsWith("-") ? first : `${first} ${second}`;
  if (entries.some(({ name }) => name.startsWith(`${typed} `))) return undefined;
  const nearest =
    nearestName(
      typed,
      entries.map(({ name }) => name),
    ) ?? nearestName(first, [...new Set(entries.map(({ name }) => name.split(" ", 1)[0] ?? ""))]);
  throw usageError(
    `There is no command "${typed}"${nearest === undefined ? "." : `; did you mean "${nearest}"?`}`,
    "moult --help lists the commands.",
  );
}

const nounOf = (entries: readonly CommandEntry[], word: string | undefined): string | undefined =>
  entries.some(({ name }) => name.startsWith(`${word ?? ""} `)) ? word : undefined;

function errorText(
  described: ErrorDescription,
  { terminal }: { terminal: CommandContext["terminal"] },
) {
  const { sentence, code, requestId, hint, notes } = described;
  const origin = requestId === undefined ? code : `${code}, request ${requestId}`;
  return [
    `${terminal.style("red", "Error:")} ${sentence} ${terminal.style("dim", `(${origin})`)}`,
    ...notes.map((note) => `  ${note}`),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ].join("\n");
}

const jsonOf = ({ code, sentence, requestId, hint, notes }: ErrorDescription): unknown => ({
  code,
  detail: sentence,
  ...(requestId === undefined ? {} : { requestId }),
  ...(hint === undefined ? {} : { hint }),
  ...(notes.length === 0 ? {} : { notes }),
});
