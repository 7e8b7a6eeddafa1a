/**
 * `node tools/hawkbit-controls.ts [--json]`: takes the server's rules against hostile clients of hawkBit's protocol away one at a
 * time, in a copy of its sources, and runs the row of docs/proof/attack.md that is about each: now it must fail.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HAWKBIT_CONTROLS, type SourceChange } from "./attack/hawkbit-controls.ts";
import { ROOT } from "./build/bundle-program.ts";
import { parseJson, valueAt } from "./json-value.ts";
import { runCommand } from "./suites/run-command.ts";

const LIMIT_MS = 600_000;
const SOURCES = "apps/server/src";
const ROWS = `${SOURCES}/protocols/hawkbit/hawkbit-attacks.store.test.ts`;
const isJson = process.argv.includes("--json");

const rows = [...new Set(HAWKBIT_CONTROLS.map(({ row }) => row))];
// With all the rules nothing may fail, or a failure without one of them would say nothing.
if ((await run(rows.join("|"), [])).failed > 0) throw new Error("rows fail with all the rules");

const results: { readonly row: string; readonly without: string; readonly isFound: boolean }[] = [];
for (const { row, without, edits } of HAWKBIT_CONTROLS) {
  const isFound = (await run(row, edits)).failed === 1;
  results.push({ row, without, isFound });
  if (!isJson) console.log(`${isFound ? "found" : "NOT FOUND"}  ${row}: without ${without}`);
}
if (isJson) console.log(JSON.stringify(results));
process.exitCode = results.every(({ isFound }) => isFound) ? 0 : 1;

/** Runs rows against a copy of the server with changed sources. */
async function run(
  pattern: string,
  edits: readonly SourceChange[],
): Promise<{ readonly failed: number }> {
  const cwd = mkdtempSync(join(tmpdir(), "moult-control-"));
  try {
    for (const name of ["package.json", "vitest.config.ts", "tsconfig.base.json"])
      cpSync(join(ROOT, name), join(cwd, name));
    for (const name of ["node_modules", "packages", "tools", "tests"])
      symlinkSync(join(ROOT, name), join(cwd, name));
    cpSync(join(ROOT, "apps/server"), join(cwd, "apps/server"), { recursive: true });
    for (const { file, find, replace } of edits) {
      const path = join(cwd, SOURCES, file);
      const parts = readFileSync(path, "utf8").split(find);
      if (parts.length !== 2)
        throw new Error(`${file} holds this ${parts.length - 1} times instead of once: ${find}`);
      writeFileSync(path, parts.join(replace));
    }
    const report = join(cwd, "report.json");
    const command = [process.execPath, "node_modules/vitest/vitest.mjs", "run", "--project=store"];
    const options = [ROWS, "-t", pattern, "--reporter=json", `--outputFile=${report}`];
    const { output } = await runCommand([...command, ...options], { cwd, limitMs: LIMIT_MS });
    const counts = parseJson(readFileSync(report, "utf8"));
    const [passed, failed] = [valueAt(counts, "numPassedTests"), valueAt(counts, "numFailedTests")];
    if (Number(passed) + Number(failed) === pattern.split("|").length)
      return { failed: Number(failed) };
    throw new Error(`not all of ${pattern} ran:\n${output}`);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
