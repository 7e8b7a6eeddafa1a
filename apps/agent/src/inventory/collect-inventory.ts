import { access, constants, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@moult/base";
import type { Inventory } from "@moult/model";
import { keyValueLines, runProgram } from "../platform/run-program.ts";
import { systemCode } from "../storage/durable-file.ts";
import { machineAttributes } from "./machine-attributes.ts";

const SCRIPT_NAME = /^(?:moult|mender)-inventory-/;
const ATTRIBUTES_MAX = 200;
const NAME_CHARACTERS_MAX = 128;
const VALUE_CHARACTERS_MAX = 4_096;

export interface InventorySource {
  readonly scriptsDir: string;
  readonly timeoutMs: number;
  readonly log: Log;
}

/**
 * What the device can say about itself: facts about the machine, then what the scripts in `scriptsDir` print, which may
 * correct them. A name that is printed again gets all its values, joined by ", ". A script that fails leaves the others
 * alone; what is over the protocol's limits is left out and logged, so that one bad script never costs the whole report.
 */
export async function collectInventory(source: InventorySource): Promise<Inventory> {
  const { log, timeoutMs } = source;
  const scripts = await inventoryScripts(source);
  const outputs = await Promise.all(
    scripts.map(async (script) => {
      const result = await runProgram(script, [], timeoutMs);
      if (result.kind === "exited" && result.exitCode === 0) return result.stdout;
      const reason = result.kind === "failed" ? result.reason : `exit code ${result.exitCode}`;
      log.warn("inventory-script-failed", { script, reason });
      return "";
    }),
  );

  const reported = new Map<string, string[]>();
  for (const [name, value] of outputs.flatMap(keyValueLines))
    reported.set(name, [...(reported.get(name) ?? []), value]);
  const all = new Map(Object.entries(machineAttributes()));
  for (const [name, values] of reported) all.set(name, values.join(", "));
  return withinLimits(all, log);
}

async function inventoryScripts({ scriptsDir, log }: InventorySource): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(scriptsDir);
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT")
      log.warn("inventory-scripts-unreadable", { scriptsDir, error: cause });
    return [];
  }
  const paths = names
    .filter((name) => SCRIPT_NAME.test(name))
    .toSorted((left, right) => (left < right ? -1 : 1))
    .map((name) => join(scriptsDir, name));
  const executable = await Promise.all(paths.map(isExecutable));
  return paths.filter((_, index) => executable[index] === true);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function withinLimits(attributes: ReadonlyMap<string, string>, log: Log): Inventory {
  const kept: [string, string][] = [];
  const leftOut: string[] = [];
  for (const [name, value] of attributes) {
    const fits =
      kept.length < ATTRIBUTES_MAX &&
      name !== "" &&
      name.length <= NAME_CHARACTERS_MAX &&
      value.length <= VALUE_CHARACTERS_MAX;
    if (fits) kept.push([name, value]);
    else leftOut.push(name.slice(0, NAME_CHARACTERS_MAX));
  }
  if (leftOut.length > 0)
    log.warn("inventory-attributes-left-out", {
      count: leftOut.length,
      names: leftOut.slice(0, 5),
    });
  return Object.fromEntries(kept);
}
