import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { EmulatorCommand } from "./board.ts";

export interface MachineOptions {
  readonly command: EmulatorCommand;
  /** Every line of the serial line, over all starts, each with the seconds since its power-on. */
  readonly serialLog: string;
  readonly onLine: (line: string) => void;
}

/** A virtual machine from power-on to its reset, its end or its kill. */
export interface Machine {
  readonly pid: number;
  /** When the process is gone: `reset` when the guest asked for one, or what the emulator complained of. */
  readonly ended: Promise<MachineEnd>;
  /** Takes the power away. */
  kill(): void;
}

export type MachineEnd =
  | { readonly kind: "reset" }
  | { readonly kind: "killed" }
  | { readonly kind: "failed"; readonly detail: string };

export function startMachine({ command, serialLog, onLine }: MachineOptions): Machine {
  const child = spawn(command.program, [...command.args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(serialLog, { flags: "a" });
  let complaint = "";
  let isKilled = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4_000);
  });
  const begunAt = performance.now();
  const lines = createLineReader((line) => {
    // When it came, so that a log says what takes how long.
    log.write(`${((performance.now() - begunAt) / 1_000).toFixed(2).padStart(7)} ${line}\n`);
    onLine(line);
  });
  child.stdout.on("data", (chunk: Buffer) => lines(chunk.toString("latin1")));
  // Whatever ends this process, no machine stays behind.
  const endWithUs = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", endWithUs);
  const ended = new Promise<MachineEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      process.off("exit", endWithUs);
      log.end();
      if (isKilled) resolve({ kind: "killed" });
      else if (exitCode === 0) resolve({ kind: "reset" });
      else resolve({ kind: "failed", detail: `exit ${exitCode}: ${complaint}` });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: () => {
      isKilled = true;
      child.kill("SIGKILL");
    },
  };
}

// oxlint-disable-next-line no-control-regex -- What a terminal would obey is what is taken out.
const TERMINAL_CODES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78c])/g;

/** Calls `onLine` for each whole line, without the codes that move a terminal's cursor. */
export function createLineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replaceAll(TERMINAL_CODES, "").replaceAll("\r", ""));
  };
}
