import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { killMarkedProcesses } from "./marked-processes.ts";

/** A program to start as the leader of a process group of its own, so that it can be ended with all its children. */
export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

export type ProcessEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "killed"; readonly signal: NodeJS.Signals }
  | { readonly kind: "not-started"; readonly reason: string };

export interface ProcessGroup {
  readonly pid: number | undefined;
  readonly ended: Promise<ProcessEnd>;
  /** Signals the whole group; nothing happens when it ended. */
  kill(signal: NodeJS.Signals): void;
  /** Kills what the program started and left in sessions of their own, where a signal to the group does not reach it. */
  killStrays(): Promise<void>;
}

/** In the environment of a program and of whatever it starts: different in any two runs. */
const RUN_MARK = "MOULT_RUN";

/** Longer lines are cut into pieces of this, so that a program without newlines takes no memory. */
const LINE_BYTES_MAX = 4_096;

/** After a program ended, what its children still print is waited for this long. */
const OUTPUT_GRACE_MS = 200;

/** Starts a program. What keeps it from starting is an end, not an exception. */
export function startProcess(spec: ProcessSpec): ProcessGroup {
  const run = randomUUID();
  const child = spawn(spec.file, spec.args, {
    cwd: spec.cwd,
    env: { ...spec.env, [RUN_MARK]: run },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const flushes = (["stdout", "stderr"] as const).map((stream) =>
    readLines(child[stream], (line) => spec.onLine(stream, line)),
  );
  const ended = new Promise<ProcessEnd>((resolve) => {
    const end = (how: ProcessEnd): void => {
      for (const flush of flushes) flush();
      resolve(how);
    };
    child.once("error", (error) => end({ kind: "not-started", reason: error.message }));
    child.once("exit", (exitCode, signal) => {
      const how: ProcessEnd =
        exitCode === null
          ? { kind: "killed", signal: signal ?? "SIGKILL" }
          : { kind: "exited", exitCode };
      // A child that lives on, as a service that was started, holds the pipes open.
      const grace = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        end(how);
      }, OUTPUT_GRACE_MS);
      child.once("close", () => {
        clearTimeout(grace);
        end(how);
      });
    });
  });
  return {
    pid: child.pid,
    ended,
    kill: (signal) => killGroup(child.pid, signal),
    killStrays: async () => void (await killMarkedProcesses(RUN_MARK, run)),
  };
}

export type ProcessRun = ProcessEnd | { readonly kind: "timed-out"; readonly afterMs: number };

export interface ProcessLimits {
  readonly timeoutMs: number;
  /** From the polite end to the kill. */
  readonly killAfterMs: number;
}

/**
 * Runs a program to its end. One that takes too long is asked to end with its group (SIGTERM), and then killed. When
 * `signal` is aborted the same happens, and once the group is gone this throws the signal's reason.
 */
export async function runProcess(
  spec: ProcessSpec,
  limits: ProcessLimits,
  signal: AbortSignal,
): Promise<ProcessRun> {
  signal.throwIfAborted();
  const group = startProcess(spec);
  const end = await endWithin(group, limits, signal);
  signal.throwIfAborted();
  return end;
}

/**
 * Waits for the end of a group that must end by itself within `timeoutMs`, and before `signal` is aborted. One that was ended
 * instead leaves nothing running, which would go on with what is taken back next.
 */
export async function endWithin(
  group: ProcessGroup,
  { timeoutMs, killAfterMs }: ProcessLimits,
  signal: AbortSignal,
): Promise<ProcessRun> {
  let timedOut = false;
  const stop = (): void => void stopProcess(group, killAfterMs);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const end = await group.ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  if (timedOut || signal.aborted) await group.killStrays();
  return timedOut ? { kind: "timed-out", afterMs: timeoutMs } : end;
}

/** Ends a group politely, then for certain; returns when its leader is gone, and kills what it leaves behind. */
export async function stopProcess(group: ProcessGroup, killAfterMs: number): Promise<ProcessEnd> {
  group.kill("SIGTERM");
  const timer = setTimeout(() => group.kill("SIGKILL"), killAfterMs);
  const end = await group.ended;
  clearTimeout(timer);
  group.kill("SIGKILL");
  return end;
}

/** How a program ended, for a report. */
export function describeEnd(end: ProcessRun): string {
  switch (end.kind) {
    case "exited":
      return `ended with exit code ${end.exitCode}`;
    case "killed":
      return `was ended by ${end.signal}`;
    case "not-started":
      return `could not be started: ${end.reason}`;
    case "timed-out":
      return `took longer than ${end.afterMs / 1_000} seconds`;
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group ended in the meantime, which is what was wanted.
  }
}

/** Returns how to hand out a last line without its newline. */
function readLines(stream: Readable, onLine: (line: string) => void): () => void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const newline = rest.indexOf(0x0a);
      const end = newline === -1 || newline > LINE_BYTES_MAX ? LINE_BYTES_MAX : newline;
      if (end >= rest.length) return;
      onLine(rest.toString("utf8", 0, end));
      rest = rest.subarray(end === newline ? end + 1 : end);
    }
  });
  // A pipe that breaks ends the output; how the program ended is told by its exit.
  stream.on("error", () => undefined);
  return () => {
    if (rest.length > 0) onLine(rest.toString("utf8"));
    rest = Buffer.alloc(0);
  };
}
