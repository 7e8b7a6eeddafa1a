import type { Log } from "@moult/base";
import { errorChain } from "@moult/base";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** Names of fields whose value never reaches a log, whatever a caller passes. */
const SECRET_NAMES = /^(?:token|enrolmentToken|authorization|signature|privateKey|secret)$/i;

/** A field longer than this is cut: journald splits long lines, and a server's text must not flood the journal. */
const VALUE_CHARACTERS_MAX = 4_000;

/**
 * JSON lines: `{"at":…,"level":…,"event":…, fields}`. An `error` field may be an Error: its whole chain is written.
 * `write` gets one line without its end.
 */
export function createLog(write: (line: string) => void, level: LogLevel, now: () => number): Log {
  const lowest = LOG_LEVELS.indexOf(level);
  const line =
    (of: LogLevel) =>
    (event: string, fields: Fields = {}): void => {
      if (LOG_LEVELS.indexOf(of) < lowest) return;
      write(logLine(now(), of, event, fields));
    };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

/** One entry as its line of JSON. */
function logLine(atMs: number, level: LogLevel, event: string, fields: Fields): string {
  const shown: Record<string, unknown> = { at: isoTime(atMs), level, event };
  for (const [name, value] of Object.entries(fields))
    shown[name] = SECRET_NAMES.test(name) ? "(secret)" : loggable(value);
  return JSON.stringify(shown);
}

/** A clock far outside what a date can show must not stop the log. */
function isoTime(atMs: number): string {
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : String(atMs);
}

function loggable(value: unknown): unknown {
  if (value instanceof Error) return errorChain(value).map(cut);
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint") return value.toString();
  return value;
}

const cut = (text: string): string =>
  text.length <= VALUE_CHARACTERS_MAX
    ? text
    : `${text.slice(0, VALUE_CHARACTERS_MAX)}… (${text.length - VALUE_CHARACTERS_MAX} more)`;
