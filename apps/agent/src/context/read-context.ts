import { access, constants, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { unreachable } from "@moult/base";
import type { Hold } from "@moult/model";
import type { DeviceContext } from "@moult/updater";
import { keyValueLines, runProgram } from "../platform/run-program.ts";
import { systemCode } from "../storage/durable-file.ts";

export interface ContextSource {
  /** Executables that print `name=value` lines. */
  readonly contextDir: string;
  /** One run of one script. */
  readonly timeoutMs: number;
}

/** The code of a reason that a script gave without one. */
const NAMELESS = "held-by-script";

/** A script's reason: `oven-hot: it has 240 degrees`, or text alone. */
const CODED = /^([a-z][a-z0-9-]{0,63})(?::\s*(.*))?$/;

/** What can be said, each with what becomes of it when several scripts say it. */
type Fact =
  | { readonly kind: "busy" | "driving" | "metered" | "on-ac"; readonly is: boolean }
  | { readonly kind: "battery"; readonly percent: number }
  | { readonly kind: "hold"; readonly hold: Hold }
  | { readonly kind: "failure"; readonly reason: string };

/**
 * Asks the device's context scripts, all at once. What they say together is as careful as the most careful of them: busy when
 * one says so, the lowest battery. A script that fails, takes too long, prints too much, or prints what cannot be understood
 * makes the circumstances unknown; what the others say still counts. `hold=` without a reason is none, so that a script may
 * always print the line. Rejects only when aborted.
 */
export async function readContext(
  { contextDir, timeoutMs }: ContextSource,
  signal: AbortSignal,
): Promise<DeviceContext> {
  const scripts = await executablesIn(contextDir);
  if (scripts.kind === "unreadable") return contextOf([failed(contextDir, scripts.reason)]);
  const said = await Promise.all(
    scripts.files.map(async (file): Promise<readonly Fact[]> => {
      const result = await runProgram(file, [], timeoutMs, signal);
      if (result.kind === "failed") return [failed(file, result.reason)];
      if (result.exitCode !== 0) return [failed(file, `ended with exit code ${result.exitCode}`)];
      return keyValueLines(result.stdout)
        .filter(([name, value]) => name !== "hold" || value !== "")
        .map(([name, value]) => factOf(file, name, value));
    }),
  );
  signal.throwIfAborted();
  return contextOf(said.flat());
}

function contextOf(facts: readonly Fact[]): DeviceContext {
  const context: { -readonly [Key in keyof DeviceContext]: DeviceContext[Key] } = {
    isBusy: null,
    isDriving: null,
    isMetered: null,
    batteryPercent: null,
    isOnPower: null,
    holds: [],
    failures: [],
  };
  for (const fact of facts) {
    switch (fact.kind) {
      case "busy":
        context.isBusy = context.isBusy === true || fact.is;
        break;
      case "driving":
        context.isDriving = context.isDriving === true || fact.is;
        break;
      case "metered":
        context.isMetered = context.isMetered === true || fact.is;
        break;
      case "on-ac":
        context.isOnPower = context.isOnPower !== false && fact.is;
        break;
      case "battery":
        context.batteryPercent = Math.min(context.batteryPercent ?? 100, fact.percent);
        break;
      case "hold":
        context.holds = [...context.holds, fact.hold];
        break;
      case "failure":
        context.failures = [...context.failures, fact.reason];
        break;
      default:
        unreachable(fact);
    }
  }
  return context;
}

/** A name that is not known may be a misspelt one, and to overlook it would be to go on while somebody said no. */
function factOf(file: string, name: string, value: string): Fact {
  const misunderstood = failed(file, `printed "${name.slice(0, 40)}=${value.slice(0, 40)}"`);
  switch (name) {
    case "busy":
    case "driving":
    case "metered":
      return isFact(name, value) ?? misunderstood;
    case "on_ac":
      return isFact("on-ac", value) ?? misunderstood;
    case "battery_percent": {
      const percent = Number(value);
      const isPercent = /^\d{1,3}(\.\d+)?$/.test(value) && percent <= 100;
      return isPercent ? { kind: "battery", percent } : misunderstood;
    }
    case "hold": {
      const [, code = NAMELESS, detail = value] = CODED.exec(value) ?? [];
      return { kind: "hold", hold: { code, detail: detail === "" ? code : detail } };
    }
    default:
      return misunderstood;
  }
}

function isFact(kind: "busy" | "driving" | "metered" | "on-ac", value: string): Fact | undefined {
  if (/^(?:yes|true|1)$/i.test(value)) return { kind, is: true };
  return /^(?:no|false|0)$/i.test(value) ? { kind, is: false } : undefined;
}

const failed = (file: string, reason: string): Fact => ({
  kind: "failure",
  reason: `${basename(file)} ${reason}.`,
});

type Scripts =
  | { readonly kind: "read"; readonly files: readonly string[] }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Hidden files and what an editor left are no scripts. */
async function executablesIn(folder: string): Promise<Scripts> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT") return { kind: "read", files: [] };
    return { kind: "unreadable", reason: `cannot be read (${code ?? "unknown error"})` };
  }
  const files: string[] = [];
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || name.endsWith("~")) continue;
    const file = join(folder, name);
    const isExecutable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) files.push(file);
  }
  return { kind: "read", files };
}
