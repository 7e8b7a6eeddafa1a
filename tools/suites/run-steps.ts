import { runCommand } from "./run-command.ts";

export interface Step {
  readonly name: string;
  /** Run one after the other; the step fails with the first that does. */
  readonly commands: readonly (readonly string[])[];
}

export interface StepsOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

const AT_ONCE = 2;
const LIMIT_MS = 300_000;

/** Runs independent steps, two at a time in their order, and answers how many failed. */
export async function runSteps(steps: readonly Step[], options: StepsOptions): Promise<number> {
  const waiting = [...steps];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (!(await runStep(step, options))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}

/** One line for a step that passed; its whole output below the line for one that did not. */
async function runStep(
  { name, commands }: Step,
  { cwd, env, say }: StepsOptions,
): Promise<boolean> {
  const startedMs = performance.now();
  let output = "";
  let isGreen = commands.length > 0;
  for (const command of commands) {
    const run = await runCommand(command, { cwd, env, limitMs: LIMIT_MS });
    output += run.output;
    isGreen = run.exitCode === 0;
    if (run.isTimedOut) output += `killed after ${LIMIT_MS / 1000} s\n`;
    if (!isGreen) break;
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`${name.padEnd(8)} ${isGreen ? "ok    " : "FAILED"} ${seconds.padStart(5)} s`);
  if (!isGreen) say(output.trimEnd().replace(/^/gm, "  "));
  return isGreen;
}
