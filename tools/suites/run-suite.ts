import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseJson, valueAt } from "../json-value.ts";
import { runCommand, type CommandRun } from "./run-command.ts";

export interface Suite {
  readonly name: string;
  /** The command writes its counts to `reportPath`, in the shape of vitest's JSON report; of these files alone when there are any. */
  command(reportPath: string, files: readonly string[]): readonly string[];
  /** What the suite may take on a two-core machine. Over it is said aloud; ten times over it is a hang. */
  readonly budgetSeconds: number;
  /**
   * Real processes of many kinds take part, on a machine that may be busy with other things: where a file or two had
   * tests that failed, these files run once more, and what passes then is named aloud: it is a fault to be mended.
   */
  readonly hasSecondTry?: boolean;
}

export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why the suite is not green beyond the tests that failed by themselves. */
  readonly problems: readonly string[];
  /** Tests that failed and passed at a second try. */
  readonly unsteady: readonly string[];
  readonly elapsedMs: number;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files that broke before or outside of their tests, so that no single test failed. */
  readonly brokenFiles: readonly string[];
  readonly failures: readonly Failure[];
}

interface Failure {
  readonly file: string;
  readonly test: string;
}

const HANG_FACTOR = 10;
/** More than so many files with failures are no accident. */
const UNSTEADY_FILES_MAX = 2;
const NONE: Counts = { passed: 0, failed: 0, skipped: 0, brokenFiles: [], failures: [] };

/**
 * Runs one suite and judges it from its report, never from its exit status alone: a suite that ran nothing, crashed,
 * hung or skipped is a failure, however it ended.
 */
export async function runSuite(suite: Suite, options: SuiteOptions): Promise<SuiteResult> {
  const first = await runOnce(suite, options, []);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const isAccident = first.problems.length === 0 && files.length <= UNSTEADY_FILES_MAX;
  if (suite.hasSecondTry !== true || files.length === 0 || !isAccident) return first;

  const second = await runOnce(suite, options, files);
  const elapsedMs = first.elapsedMs + second.elapsedMs;
  if (second.failed > 0) return { ...first, elapsedMs };
  const unsteady = first.failures.map(({ file, test }) => `${file}: ${test}`);
  return { ...first, passed: first.passed + first.failed, failed: 0, unsteady, elapsedMs };
}

interface SuiteOptions {
  readonly cwd: string;
  readonly isShown?: boolean;
}

interface SuiteRun extends SuiteResult {
  readonly failures: readonly Failure[];
}

async function runOnce(
  suite: Suite,
  options: SuiteOptions,
  files: readonly string[],
): Promise<SuiteRun> {
  const folder = mkdtempSync(join(tmpdir(), "moult-suite-"));
  try {
    const reportPath = join(folder, "report.json");
    const limitMs = suite.budgetSeconds * HANG_FACTOR * 1000;
    const run = await runCommand(suite.command(reportPath, files), { ...options, limitMs });
    return judge(suite.name, run, readCounts(reportPath));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(name: string, run: CommandRun, counts: Counts | undefined): SuiteRun {
  const { passed, failed, skipped, brokenFiles, failures } = counts ?? NONE;
  const problems = brokenFiles.map((file) => `${file} broke outside of its tests`);
  for (let test = 0; test < skipped; test += 1) problems.push("a test was skipped");

  if (run.isTimedOut) problems.push("hung and was killed");
  else if (counts === undefined) problems.push(`crashed: no report, exit status ${run.exitCode}`);
  else if (passed + failed + problems.length === 0) problems.push("ran no test");
  else if (run.exitCode !== 0 && failed + problems.length === 0)
    problems.push(`every test passed, yet the exit status is ${run.exitCode}`);

  return {
    name,
    passed,
    failed: failed + problems.length,
    problems,
    unsteady: [],
    failures,
    elapsedMs: run.elapsedMs,
  };
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
  const files = listAt(report, "testResults");
  const brokenFiles = files
    .filter((file) => isFailed(file) && failuresIn(file).length === 0)
    .map((file) => String(valueAt(file, "name")));
  return { passed, failed, skipped, brokenFiles, failures: files.flatMap(failuresIn) };
}

const failuresIn = (file: unknown): Failure[] =>
  listAt(file, "assertionResults")
    .filter(isFailed)
    .map((test) => ({
      file: String(valueAt(file, "name")),
      test: String(valueAt(test, "fullName")),
    }));

const isFailed = (value: unknown): boolean => valueAt(value, "status") === "failed";

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = valueAt(value, key);
  return Array.isArray(found) ? found : [];
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = valueAt(value, key);
  return typeof found === "number" ? found : undefined;
}
