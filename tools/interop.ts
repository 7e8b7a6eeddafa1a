/**
 * `npm run interop [-- --json]`: every case of tests/interop/cases.json, each an unmodified client of other makers against this
 * server. With `--json` the last line is what came of each client and each case. A client that is not on this machine counts as
 * skipped, and never as passed. Fails also when a case of the list did not run though its client is there, or one ran that is
 * not in it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PEER_CLIENTS } from "./interop/clients.ts";
import { parseJson, stringAt, valueAt } from "./json-value.ts";
import { runCommand } from "./suites/run-command.ts";

const LIMIT_MS = 1_200_000;
const cwd = dirname(import.meta.dirname);
const isJson = process.argv.includes("--json");
const listed = parseJson(readFileSync(join(cwd, "tests/interop/cases.json"), "utf8"));
const names = Array.isArray(listed) ? listed.map(String) : [];

interface CaseResult {
  readonly name: string;
  readonly result: "passed" | "failed" | "skipped";
  readonly seconds: number;
}

const clients = PEER_CLIENTS.map((client) => ({ ...client, found: client.version() }));
const present = clients.filter(({ found }) => found !== undefined);
const folder = mkdtempSync(join(tmpdir(), "moult-interop-report-"));
const report = join(folder, "report.json");
const { exitCode, output } = await runCommand(
  [
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    ...new Set(present.map(({ project = "interop" }) => `--project=${project}`)),
    ...present.map(({ file }) => `tests/interop/${file}`),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ],
  { cwd, limitMs: LIMIT_MS, isShown: !isJson },
);
const ran = resultsIn(report);
rmSync(folder, { recursive: true, force: true });

const isOf = (client: string) => (name: string) => name.startsWith(`${client}: `);
const cases = names.map((name): CaseResult => {
  const found = ran.find((each) => each.name === name);
  if (found !== undefined) return found;
  const isPresent = present.some((client) => isOf(client.name)(name));
  return { name, result: isPresent ? "failed" : "skipped", seconds: 0 };
});
const count = (result: CaseResult["result"], of: readonly CaseResult[] = cases): number =>
  of.filter((each) => each.result === result).length;
const unlisted = ran.filter(({ name }) => !names.includes(name)).map(({ name }) => name);
const summary = clients.map(({ name, found }) => {
  const own = cases.filter((each) => isOf(name)(each.name));
  const counts = { passed: count("passed", own), skipped: count("skipped", own) };
  return { name, version: found ?? null, cases: own.length, ...counts };
});

if (exitCode !== 0 && isJson) console.error(output);
for (const name of unlisted) console.error(`not in tests/interop/cases.json: ${name}`);
for (const { name, found } of clients)
  if (found === undefined) console.error(`${name} is not on this machine: its cases are skipped`);
const failed = count("failed");
if (isJson) console.log(JSON.stringify({ clients: summary, cases, failed, unlisted }));
process.exitCode = exitCode === 0 && failed === 0 && unlisted.length === 0 ? 0 : 1;

function resultsIn(path: string): readonly CaseResult[] {
  return listAt(parseJson(readFileSync(path, "utf8")), "testResults").flatMap((file) =>
    listAt(file, "assertionResults").map((each) => ({
      name: stringAt(each, "fullName"),
      result: stringAt(each, "status") === "passed" ? "passed" : "failed",
      seconds: Math.round(Number(valueAt(each, "duration") ?? 0)) / 1_000,
    })),
  );
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = valueAt(value, key);
  return Array.isArray(found) ? found : [];
}
