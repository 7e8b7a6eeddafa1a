/**
 * `node tools/run-suites.ts [name...]`: every suite of the project in one table, or those named. CONTRIBUTING.md says
 * what each one is for.
 */
import { dirname } from "node:path";

import { runSuites } from "./suites/run-suites.ts";
import type { Suite } from "./suites/run-suite.ts";

const vitest = (name: string, budgetSeconds: number): Suite => ({
  name,
  budgetSeconds,
  command: (reportPath, files) => [
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    `--project=${name}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
    ...files,
  ],
});

/** Of real processes. */
const system = (name: string, budgetSeconds: number): Suite => ({
  ...vitest(name, budgetSeconds),
  hasSecondTry: true,
});

const SUITES: readonly Suite[] = [
  {
    name: "check",
    budgetSeconds: 60,
    command: (reportPath) => [
      process.execPath,
      "tools/check.ts",
      "--without-tests",
      `--report=${reportPath}`,
    ],
  },
  vitest("unit", 45),
  system("process", 150),
  vitest("store", 135),
  vitest("wire", 15),
  system("interop", 180),
  vitest("gates", 60),
  system("system", 300),
  system("rig", 200),
  system("browser", 300),
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  const names = SUITES.map(({ name }) => name).join(", ");
  console.error(`no suite is called ${unknown.join(", ")}; the suites are ${names}`);
  process.exitCode = 2;
} else {
  const suites = asked.length === 0 ? SUITES : SUITES.filter(({ name }) => asked.includes(name));
  const cwd = dirname(import.meta.dirname);
  const isGreen = await runSuites(suites, { cwd, isShown: true, say: (line) => console.log(line) });
  process.exitCode = isGreen ? 0 : 1;
}
