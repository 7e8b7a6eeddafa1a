import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Suite } from "../../tools/suites/run-suite.ts";
import { runSteps } from "../../tools/suites/run-steps.ts";
import { runSuites } from "../../tools/suites/run-suites.ts";
import { ROOT, plantTree } from "./planted-tree.fixture.ts";

const TEST = 'import { expect, test } from "vitest";\n';
const PASSES = 'test("passes", () => expect(1).toBe(1));\n';
const FAILS = 'test("fails", () => expect(1).toBe(2));\n';

const vitest = (folder: string): Suite => ({
  name: folder,
  budgetSeconds: 30,
  command: (reportPath, files) => [
    process.execPath,
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    `--dir=${folder}`,
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
    ...files,
  ],
});
const script = (name: string, text: string, budgetSeconds = 30): Suite => ({
  name,
  budgetSeconds,
  command: (reportPath) => [process.execPath, "--eval", text, "x", reportPath],
});
const writesReport = (report: object): string =>
  `require("fs").writeFileSync(process.argv.at(-1), '${JSON.stringify(report)}');`;

async function runPlanted(suites: readonly Suite[], files: Readonly<Record<string, string>> = {}) {
  const tree = plantTree({
    files: { "vitest.config.ts": 'export default { cacheDir: ".cache" };\n', ...files },
  });
  const lines: string[] = [];
  const isGreen = await runSuites(suites, { cwd: tree.root, say: (line) => lines.push(line) });
  return { isGreen, lines: lines.join("\n").split("\n") };
}

test("the counts of all suites are added up in the one last line of its form", async () => {
  const { isGreen, lines } = await runPlanted([vitest("one"), vitest("two")], {
    "one/a.test.ts": TEST + PASSES + PASSES.replace("passes", "passes again"),
    "two/a.test.ts": TEST + PASSES,
  });

  expect(lines.filter((line) => /^\d+ passed, \d+ failed$/.test(line))).toEqual([
    "3 passed, 0 failed",
  ]);
  expect(lines.at(-1)).toBe("3 passed, 0 failed");
  expect(isGreen).toBe(true);
});

test.each<[sentence: string, suite: Suite, files: Record<string, string>, total: string]>([
  [
    "a test that fails",
    vitest("x"),
    { "x/a.test.ts": TEST + PASSES + FAILS },
    "1 passed, 1 failed",
  ],
  ["no test file", vitest("x"), {}, "0 passed, 1 failed"],
  [
    "a test file without a test",
    vitest("x"),
    { "x/a.test.ts": "export {};\n" },
    "0 passed, 1 failed",
  ],
  [
    "a file that breaks while it is read",
    vitest("x"),
    { "x/a.test.ts": TEST + PASSES, "x/b.test.ts": 'throw new Error("no");\n' },
    "1 passed, 1 failed",
  ],
  [
    "a rejection that no test waits for",
    vitest("x"),
    { "x/a.test.ts": `${TEST}${PASSES}void Promise.reject(new Error("lost"));\n` },
    "1 passed, 1 failed",
  ],
  [
    "a skipped test",
    vitest("x"),
    { "x/a.test.ts": `${TEST}${PASSES}test.skip("later", () => undefined);\n` },
    "1 passed, 1 failed",
  ],
  ["a crash", script("x", "process.exit(3)"), {}, "0 passed, 1 failed"],
  ["success without a report", script("x", ""), {}, "0 passed, 1 failed"],
  [
    "a command that does not exist",
    { ...script("x", ""), command: () => ["no-such-tool"] },
    {},
    "0 passed, 1 failed",
  ],
  [
    "a report of nothing",
    script("x", writesReport({ numPassedTests: 0, numFailedTests: 0 })),
    {},
    "0 passed, 1 failed",
  ],
  ["half a report", script("x", writesReport({ numPassedTests: 5 })), {}, "0 passed, 1 failed"],
  [
    "a bad end after a good report",
    script("x", `${writesReport({ numPassedTests: 5, numFailedTests: 0 })} process.exit(1);`),
    {},
    "5 passed, 1 failed",
  ],
  ["a hang", script("x", "setInterval(() => undefined, 1000)", 0.1), {}, "0 passed, 1 failed"],
])("a suite with %s fails", async (_, suite, files, total) => {
  const { isGreen, lines } = await runPlanted([suite], files);

  expect(lines.at(-1)).toBe(total);
  expect(isGreen).toBe(false);
});

test("a failed suite does not keep the later ones from running", async () => {
  const green = script("green", writesReport({ numPassedTests: 2, numFailedTests: 0 }));

  const { isGreen, lines } = await runPlanted([script("crash", "process.exit(3)"), green]);

  expect(lines.at(-1)).toBe("2 passed, 1 failed");
  expect(isGreen).toBe(false);
});

describe("a suite of real processes", () => {
  const suite: Suite = { ...vitest("x"), hasSecondTry: true };
  /** Fails the first time. */
  const unsteady = `${TEST}import { existsSync, writeFileSync } from "node:fs";
test("passes at last", () => {
  const mark = import.meta.filename + ".seen";
  const isSecond = existsSync(mark);
  writeFileSync(mark, "");
  expect(isSecond).toBe(true);
});
`;

  test("runs the file of a failed test once more, and says what passed only then", async () => {
    const files = { "x/a.test.ts": TEST + PASSES, "x/b.test.ts": unsteady };

    const { isGreen, lines } = await runPlanted([suite], files);

    expect(lines.at(-1)).toBe("2 passed, 0 failed");
    expect(lines.at(-2)).toMatch(/x: passed only at a second try: .*b\.test\.ts: passes at last$/);
    expect(isGreen).toBe(true);
  });

  test.each<[sentence: string, suite: Suite, files: Record<string, string>, total: string]>([
    ["what fails again", suite, { "x/a.test.ts": TEST + PASSES + FAILS }, "1 passed, 1 failed"],
    [
      "three files with failures",
      suite,
      { "x/a.test.ts": unsteady, "x/b.test.ts": unsteady, "x/c.test.ts": unsteady },
      "0 passed, 3 failed",
    ],
    [
      "what breaks outside of its tests",
      suite,
      { "x/a.test.ts": 'throw new Error("no");\n', "x/b.test.ts": unsteady },
      "0 passed, 2 failed",
    ],
    ["another kind of suite", vitest("x"), { "x/a.test.ts": unsteady }, "0 passed, 1 failed"],
  ])("gives no second try to %s", async (_, planted, files, total) => {
    const { isGreen, lines } = await runPlanted([planted], files);

    expect(lines.at(-1)).toBe(total);
    expect(isGreen).toBe(false);
  });
});

test("a suite that nobody knows is refused by name", async () => {
  const tree = plantTree({ files: {} });

  const run = await tree.run(process.execPath, join(ROOT, "tools/run-suites.ts"), "unit", "nope");

  expect(run).toMatchObject({ exitCode: 2, output: expect.stringContaining("nope") as string });
});

test.each<[sentence: string, commands: string[][], failed: number]>([
  ["a step whose commands all pass", [["true"], ["true"]], 0],
  ["a step whose first command fails", [["false"], ["true"]], 1],
  ["a step whose last command fails", [["true"], ["false"]], 1],
  ["a step whose command is missing", [["no-such-tool"]], 1],
  ["a step without a command", [], 1],
])("%s counts as it should", async (_, commands, failed) => {
  const steps = [{ name: "planted", commands }];
  const options = { cwd: ROOT, env: process.env, say: () => undefined };

  expect(await runSteps(steps, options)).toBe(failed);
});
