import { spawn } from "node:child_process";

export interface CommandRun {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly isTimedOut: boolean;
  /** Both streams in the order of arrival; empty when they were passed through. */
  readonly output: string;
  readonly elapsedMs: number;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly limitMs: number;
  /** Pass the command's output through to this process's instead of keeping it. */
  readonly isShown?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a command in a process group of its own, so that a hung test run goes with all it has started: databases,
 * servers, workers. A signal to this process reaches the group before this process ends.
 */
export function runCommand(
  [file = "", ...args]: readonly string[],
  { cwd, limitMs, isShown = false, env = process.env }: CommandOptions,
): Promise<CommandRun> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", isShown ? "inherit" : "pipe", isShown ? "inherit" : "pipe"],
    });
    let output = "";
    let isTimedOut = false;
    const killGroup = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    };
    const passOn = (signal: NodeJS.Signals): void => {
      killGroup(signal);
      process.exit(130);
    };
    const timer = setTimeout(() => {
      isTimedOut = true;
      killGroup("SIGKILL");
    }, limitMs);
    const finish = (exitCode: number | null): void => {
      clearTimeout(timer);
      process.off("SIGINT", passOn).off("SIGTERM", passOn);
      resolve({ exitCode, isTimedOut, output, elapsedMs: performance.now() - startedMs });
    };
    process.on("SIGINT", passOn).on("SIGTERM", passOn);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => {
      output += `${error.message}\n`;
      finish(null);
    });
    child.on("close", finish);
  });
}
