import type { Command, OptionSpec } from "./command.ts";
import type { CommandEntry } from "./command-entry.ts";
import { COMMON_OPTIONS } from "./parse-command-line.ts";

const ENVIRONMENT = `Environment:
  MOULT_SERVER   Address of the server, instead of the one signed in to
  MOULT_API_KEY  API key, instead of the stored one
  MOULT_CA       PEM file of the certificate authority that vouches for the server
  NO_COLOR       Any value: no colours

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 deployment stopped, 4 timed out, 5 not signed in or not allowed.
Help on one command: moult COMMAND --help`;

/** `moult --help`: every command, or those whose name begins with `noun`. */
export function overviewText(entries: readonly CommandEntry[], noun?: string): string {
  const shown = entries.filter(
    ({ name }) => noun === undefined || name === noun || name.startsWith(`${noun} `),
  );
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines: string[] = [];
  let nounBefore = "";
  for (const { name, summary } of shown) {
    const [first = ""] = name.split(" ", 1);
    if (nounBefore !== "" && first !== nounBefore && name.includes(" ")) lines.push("");
    nounBefore = first;
    lines.push(`  ${name.padEnd(width)}  ${summary}`);
  }
  return `Usage: moult COMMAND [options]\n\n${lines.join("\n")}\n\n${ENVIRONMENT}`;
}

/** `moult device list --help`. */
export function commandHelp({ name, summary }: CommandEntry, command: Command): string {
  const { positionals = [], options, details, example } = command;
  const all = { ...options, ...COMMON_OPTIONS };
  const rows = Object.entries(all).map(
    ([option, spec]) => [optionText(option, spec), spec] as const,
  );
  const width = Math.max(...rows.map(([text]) => text.length));
  return [
    `Usage: moult ${[name, ...positionals].join(" ")} [options]`,
    `${summary}.${details === undefined ? "" : `\n${details}`}`,
    `Options:\n${rows.map(([text, spec]) => `  ${text.padEnd(width)}  ${spec.help}${marks(spec)}`).join("\n")}`,
    `Example:\n${example.replace(/^/gm, "  ")}`,
  ].join("\n\n");
}

const optionText = (name: string, spec: OptionSpec): string =>
  `${spec.short === undefined ? "" : `-${spec.short}, `}--${name}${spec.type === "string" ? ` ${spec.value}` : ""}`;

function marks(spec: OptionSpec): string {
  if (spec.type === "boolean") return "";
  return `${spec.required === true ? " (required)" : ""}${spec.multiple === true ? " (may be repeated)" : ""}`;
}
