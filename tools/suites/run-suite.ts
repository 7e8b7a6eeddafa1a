import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseJson, valueAt } from "../json-value.ts";
import { runCommand, type CommandRun } from "./run-command.ts";

export interface Suite {
  readonly name: string;
  /** The command writes its counts to `reportPath`, in the shape of vitest's JSON report. */
  command(reportPath: string): readonly string[];
  /** What the suite may take on a two-core machine. Over it is said aloud; ten times over it is a hang. */
  readonly budgetSeconds: number;
}

export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why the suite is not green beyond the tests that failed by themselves. */
  readonly problems: readonly string[];
  readonly elapsedMs: number;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files that broke before or outside of their tests, so that no single test failed. */
  readonly brokenFiles: readonly string[];
}

const HANG_FACTOR = 10;
const NONE: Counts = { passed: 0, failed: 0, skipped: 0, brokenFiles: [] };

/**
 * Runs one suite and judges it from its report, never from its exit status alone: a suite that ran nothing, crashed,
 * hung or skipped is a failure, however it ended.
 */
export async function runSuite(
  suite: Suite,
  options: { readonly cwd: string; readonly isShown?: boolean },
): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "moult-suite-"));
  try {
    const reportPath = join(folder, "report.json");
    const limitMs = suite.budgetSeconds * HANG_FACTOR * 1000;
    const run = await runCommand(suite.command(reportPath), { ...options, limitMs });
    return judge(suite.name, run, readCounts(reportPath));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(name: string, run: CommandRun, counts: Counts | undefined): SuiteResult {
  const { passed, failed, skipped, brokenFiles } = counts ?? NONE;
  const problems = brokenFiles.map((file) => `${file} broke outside of its tests`);
  for (let test = 0; test < skipped; test += 1) problems.push("a test was skipped");

  if (run.isTimedOut) problems.push("hung and was killed");
  else if (counts === undefined) problems.push(`crashed: no report, exit status ${run.exitCode}`);
  else if (passed + failed + problems.length === 0) problems.push("ran no test");
  else if (run.exitCode !== 0 && failed + problems.length === 0)
    problems.push(`every test passed, yet the exit status is ${run.exitCode}`);

  return { name, passed, failed: failed + problems.length, problems, elapsedMs: run.elapsedMs };
}

/** Undefined when there is no report or it is not one: then nothing is known about the tests. */
function readCounts(path: string): Counts | undefined {
  if (!existsSync(path)) return undefined;
  const report = parseJson(readFileSync(path, "utf8"));
  const passed = numberAt(report, "numPassedTests");
  const failed = numberAt(report, "numFailedTests");
  if (passed === undefined || failed === undefined) return undefined;
  const skipped =
    (numberAt(report, "numPendingTests") ?? 0) + (numberAt(report, "numTodoTests") ?? 0);
  return { passed, failed, skipped, brokenFiles: brokenFiles(report) };
}

function brokenFiles(report: unknown): string[] {
  const files = valueAt(report, "testResults");
  if (!Array.isArray(files)) return [];
  return files
    .filter((file: unknown) => valueAt(file, "status") === "failed" && !hasFailedTest(file))
    .map((file: unknown) => String(valueAt(file, "name")));
}

function hasFailedTest(file: unknown): boolean {
  const tests = valueAt(file, "assertionResults");
  return (
    Array.isArray(tests) && tests.some((test: unknown) => valueAt(test, "status") === "failed")
  );
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = valueAt(value, key);
  return typeof found === "number" ? found : undefined;
}
