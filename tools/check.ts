/**
 * `node tools/check.ts`: what must hold before every commit, in under a minute. `--without-tests` leaves out the tests
 * (run-suites.ts runs them as suites of their own); `--report=FILE` writes the counts for it, a step being a test.
 */
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

import { runCommand } from "./suites/run-command.ts";

interface Step {
  readonly name: string;
  /** Run one after the other; the step fails with the first that does. */
  readonly commands: readonly (readonly string[])[];
  readonly isTest?: boolean;
}

const node = process.execPath;
const bin = (name: string): string => `node_modules/.bin/${name}`;

/** The longest first: two run at a time, and the short ones fill the gaps. */
const STEPS: readonly Step[] = [
  {
    name: "tests",
    commands: [[node, "node_modules/vitest/vitest.mjs", "run", "--project=unit", "--project=wire"]],
    isTest: true,
  },
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
  { name: "tidy", commands: [[node, "tools/tidy.ts"]] },
];

const AT_ONCE = 2;
const LIMIT_MS = 300_000;
const cwd = dirname(import.meta.dirname);
/** The tools are JavaScript behind `env node`; the Node that runs this file is the one they get. */
const env = { ...process.env, PATH: `${cwd}/node_modules/.bin:${process.env["PATH"] ?? ""}` };

async function runStep(step: Step): Promise<boolean> {
  const startedMs = performance.now();
  let output = "";
  let isGreen = true;
  for (const command of step.commands) {
    const run = await runCommand(command, { cwd, env, limitMs: LIMIT_MS });
    output += run.output;
    isGreen = run.exitCode === 0;
    if (!isGreen) break;
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${step.name.padEnd(8)} ${isGreen ? "ok    " : "FAILED"} ${seconds.padStart(5)} s`);
  if (!isGreen) console.log(output.trimEnd().replace(/^/gm, "  "));
  return isGreen;
}

async function runSteps(steps: readonly Step[]): Promise<number> {
  const waiting = [...steps];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (!(await runStep(step))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}

const { values } = parseArgs({
  options: { "without-tests": { type: "boolean" }, report: { type: "string" } },
});
const steps = STEPS.filter(({ isTest }) => isTest !== true || values["without-tests"] !== true);
const failed = await runSteps(steps);
if (values.report !== undefined) {
  const counts = { numPassedTests: steps.length - failed, numFailedTests: failed };
  writeFileSync(values.report, JSON.stringify(counts));
}
process.exitCode = failed === 0 ? 0 : 1;
