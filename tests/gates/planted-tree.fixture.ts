import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { runCommand, type CommandRun } from "../../tools/suites/run-command.ts";

export const ROOT = dirname(dirname(import.meta.dirname));
const LIMIT_MS = 60_000;

export interface PlantedTree {
  readonly root: string;
  /** A tool of the project's node_modules, run in the planted tree. */
  runTool(name: string, ...args: string[]): Promise<CommandRun>;
  run(...command: string[]): Promise<CommandRun>;
}

/**
 * A tree of its own in the temporary folder, with the project's node_modules and copies of some of its files. It is
 * removed when the test has finished; the real tree is only read.
 */
export function plantTree({
  files,
  copies = [],
}: {
  readonly files: Readonly<Record<string, string>>;
  readonly copies?: readonly string[];
}): PlantedTree {
  const root = mkdtempSync(join(tmpdir(), "moult-gate-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const path of copies) cpSync(join(ROOT, path), join(root, path), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const env = {
    ...process.env,
    PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`,
    NO_COLOR: "1",
  };
  const run = (...command: string[]): Promise<CommandRun> =>
    runCommand(command, { cwd: root, env, limitMs: LIMIT_MS });
  return {
    root,
    runTool: (name, ...args) => run(join(ROOT, "node_modules/.bin", name), ...args),
    run,
  };
}
