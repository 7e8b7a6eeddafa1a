/**
 * `npm run interop [-- --json]`: every case of tests/interop/cases.json, each an unmodified client of other makers against this
 * server. With `--json` the last line is what came of each. Fails also when a case of the list did not run, or one ran that is
 * not in it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseJson, stringAt, valueAt } from "./json-value.ts";
import { runCommand } from "./suites/run-command.ts";

const LIMIT_MS = 1_200_000;
const cwd = dirname(import.meta.dirname);
const isJson = process.argv.includes("--json");
const listed = parseJson(readFileSync(join(cwd, "tests/interop/cases.json"), "utf8"));
const names = Array.isArray(listed) ? listed.map(String) : [];

interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

const folder = mkdtempSync(join(tmpdir(), "moult-interop-report-"));
const report = join(folder, "report.json");
const { exitCode, output } = await runCommand(
  [
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project=interop",
    ...[...new Set(names.map((name) => name.split(":", 1)[0]))].map(
      (client) => `tests/interop/${client}.test.ts`,
    ),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ],
  { cwd, limitMs: LIMIT_MS, isShown: !isJson },
);
const results = resultsIn(report);
rmSync(folder, { recursive: true, force: true });

const cases = names.map(
  (name) => results.find((each) => each.name === name) ?? { name, ok: false, seconds: 0 },
);
const unlisted = results.filter(({ name }) => !names.includes(name)).map(({ name }) => name);
const passed = cases.filter(({ ok }) => ok).length;
const failed = cases.length - passed;
if (exitCode !== 0 && isJson) console.error(output);
for (const name of unlisted) console.error(`not in tests/interop/cases.json: ${name}`);
if (isJson) console.log(JSON.stringify({ cases, passed, failed, unlisted }));
process.exitCode = exitCode === 0 && failed === 0 && unlisted.length === 0 ? 0 : 1;

function resultsIn(path: string): readonly CaseResult[] {
  return listAt(parseJson(readFileSync(path, "utf8")), "testResults").flatMap((file) =>
    listAt(file, "assertionResults").map((each) => ({
      name: stringAt(each, "fullName"),
      ok: stringAt(each, "status") === "passed",
      seconds: Math.round(Number(valueAt(each, "duration") ?? 0)) / 1_000,
    })),
  );
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = valueAt(value, key);
  return Array.isArray(found) ? found : [];
}
