import { runSuite, type Suite, type SuiteResult } from "./run-suite.ts";

export interface SuitesOptions {
  readonly cwd: string;
  readonly isShown?: boolean;
  readonly say: (line: string) => void;
}

/**
 * Runs suites in their order and ends with the one line that tools read: `N passed, N failed`, summed over all of
 * them. No other line that `say` gets has that form. What needed a second try is named before it. Answers whether everything passed.
 */
export async function runSuites(
  suites: readonly Suite[],
  { cwd, isShown, say }: SuitesOptions,
): Promise<boolean> {
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    say(`== ${suite.name}`);
    const result = await runSuite(suite, { cwd, ...(isShown === undefined ? {} : { isShown }) });
    results.push(result);
    say(verdict(suite, result));
  }
  for (const { name, unsteady } of results)
    for (const test of unsteady) say(`== ${name}: passed only at a second try: ${test}`);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  say(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

function verdict({ name, budgetSeconds }: Suite, result: SuiteResult): string {
  const seconds = result.elapsedMs / 1000;
  const lines = result.problems.map((problem) => `== ${name}: ${problem}`);
  const tests = result.passed + result.failed;
  const word = result.failed === 0 ? "ok" : "FAILED";
  const over = seconds > budgetSeconds ? ", OVER its budget" : "";
  const time = `${seconds.toFixed(1)} s of ${budgetSeconds} s${over}`;
  lines.push(`== ${name} ${word}: ${result.passed} of ${tests} in ${time}`);
  return lines.join("\n");
}
