import { parseArgs } from "node:util";
import { AgentError, isAgentError } from "../agent-error.ts";
import { explainError } from "../explain-error.ts";
import { checkCommand } from "./check-command.ts";
import {
  EXIT,
  type Command,
  type CommandInput,
  type CommandWorld,
  type ExitCode,
} from "./command.ts";
import { consentCommand } from "./consent-command.ts";
import { daemonCommand } from "./daemon-command.ts";
import { commitCommand, installCommand, rollbackCommand } from "./install-commands.ts";
import { provisionCommand } from "./provision-command.ts";
import { showProvidesCommand } from "./show-provides-command.ts";
import { statusCommand } from "./status-command.ts";
import { versionCommand } from "./version-command.ts";

const COMMANDS: readonly Command[] = [
  daemonCommand,
  installCommand,
  commitCommand,
  rollbackCommand,
  consentCommand,
  statusCommand,
  checkCommand,
  provisionCommand,
  showProvidesCommand,
  versionCommand,
];

/** Taken by every command. */
const GLOBAL_VALUES = ["root", "config"];

/** Runs one command line; what the process shall exit with. Every failure is told on standard error. */
export async function runCommandLine(
  args: readonly string[],
  world: Omit<CommandWorld, "options">,
): Promise<ExitCode> {
  try {
    const parsed = parse(args);
    if (parsed === "help") {
      world.print(helpText());
      return EXIT.ok;
    }
    const [root] = parsed.input.values.get("root") ?? [];
    const [configFile] = parsed.input.values.get("config") ?? [];
    return await parsed.command.run(parsed.input, { ...world, options: { root, configFile } });
  } catch (error) {
    world.complain(`moult-agent: ${explainError(error)}`);
    return isAgentError(error, "usage") ? EXIT.usage : EXIT.failed;
  }
}

function parse(
  args: readonly string[],
): "help" | { readonly command: Command; readonly input: CommandInput } {
  const { switches, values, positionals } = parseTokens(args);
  const [name, ...rest] = positionals;
  if (switches.has("help") || name === "help") return "help";
  if (name === undefined) throw usage("a command is missing");
  const command = COMMANDS.find((known) => known.name === name);
  if (command === undefined) throw usage(`there is no command ${name}`);

  const taken = [...GLOBAL_VALUES, ...command.values, ...command.switches];
  for (const option of [...switches, ...values.keys()])
    if (!taken.includes(option)) throw usage(`${name} takes no --${option}`);
  if (rest.length < command.positionalsMin || rest.length > command.positionalsMax)
    throw usage(`moult-agent ${name} ${command.synopsis}`);
  return { command, input: { positionals: rest, switches, values } };
}

/** All options of all commands at once: which of them a command takes is looked at when its name is known. */
function parseTokens(args: readonly string[]): CommandInput {
  const options = Object.fromEntries([
    ...[...GLOBAL_VALUES, ...COMMANDS.flatMap((command) => command.values)].map(
      (name) => [name, { type: "string", multiple: true }] as const,
    ),
    ...["help", ...COMMANDS.flatMap((command) => command.switches)].map(
      (name) => [name, { type: "boolean" }] as const,
    ),
  ]);
  const switches = new Set<string>();
  const values = new Map<string, readonly string[]>();
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    for (const [name, value] of Object.entries(parsed.values)) {
      if (value === true) switches.add(name);
      else values.set(name, [value].flat().map(String));
    }
    return { switches, values, positionals: parsed.positionals };
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
}

const usage = (reason: string): AgentError => new AgentError("usage", { reason });

function helpText(): string {
  const rows = COMMANDS.map(({ name, synopsis, summary }) => ({
    call: `${name} ${synopsis}`.trim(),
    summary,
  }));
  const width = Math.max(...rows.map(({ call }) => call.length));
  return [
    "Usage: moult-agent [--root DIR] [--config FILE] COMMAND",
    "",
    ...rows.map(({ call, summary }) => `  ${call.padEnd(width)}  ${summary}`),
    "",
    "  --root DIR     put DIR before all default paths: one of several agents on this machine",
    "  --config FILE  instead of /etc/moult/agent.json",
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to commit, roll back or answer, 4 a reboot is needed",
  ].join("\n");
}
