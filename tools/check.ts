/**
 * `node tools/check.ts`: what must hold before every commit, in under a minute. `--without-tests` leaves out the tests
 * (run-suites.ts runs them as suites of their own); `--report=FILE` writes the counts for it, a step being a test.
 */
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

import { runSteps, type Step } from "./suites/run-steps.ts";

const node = process.execPath;
const bin = (name: string): string => `node_modules/.bin/${name}`;

/** The longest first: two run at a time, and the short ones fill the gaps. */
const TESTS: readonly Step[] = [
  {
    name: "tests",
    commands: [[node, "node_modules/vitest/vitest.mjs", "run", "--project=unit", "--project=wire"]],
  },
];
const STEPS: readonly Step[] = [
  {
    name: "types",
    commands: [
      [bin("tsc"), "-b"],
      [bin("tsc"), "-p", "tsconfig.tests.json"],
    ],
  },
  { name: "lint", commands: [[bin("oxlint"), "--deny-warnings"]] },
  { name: "knip", commands: [[bin("knip"), "--no-progress", "--treat-config-hints-as-errors"]] },
  { name: "format", commands: [[bin("oxfmt"), "--check"]] },
  { name: "openapi", commands: [[node, "tools/generate-openapi.ts", "--check"]] },
  { name: "life cycle", commands: [[node, "tools/generate-life-cycle.ts", "--check"]] },
  { name: "tidy", commands: [[node, "tools/tidy.ts"]] },
];

const { values } = parseArgs({
  options: { "without-tests": { type: "boolean", default: false }, report: { type: "string" } },
});
const cwd = dirname(import.meta.dirname);
/** The tools are JavaScript behind `env node`; the Node that runs this file is the one they get. */
const env = { ...process.env, PATH: `${cwd}/node_modules/.bin:${process.env["PATH"] ?? ""}` };

const steps = values["without-tests"] ? STEPS : [...TESTS, ...STEPS];
const failed = await runSteps(steps, { cwd, env, say: (line) => console.log(line) });
if (values.report !== undefined) {
  const counts = { numPassedTests: steps.length - failed, numFailedTests: failed };
  writeFileSync(values.report, JSON.stringify(counts));
}
process.exitCode = failed === 0 ? 0 : 1;
