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
  command: (reportPath) => [
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    `--project=${name}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
  ],
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
  vitest("process", 150),
  vitest("store", 135),
  vitest("wire", 15),
  vitest("interop", 180),
  vitest("gates", 60),
  vitest("system", 300),
  vitest("browser", 300),
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
