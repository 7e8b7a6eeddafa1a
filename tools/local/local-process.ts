import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A process of ours on this machine: its output in a file, ended by its pid. */
export interface LocalProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Undefined while it runs. */
  exitCode(): number | string | undefined;
  /** Asks it to end, and kills it when it does not within `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
  /** A power cut, as far as a process can have one. */
  kill(): Promise<void>;
  /** The last lines it printed. */
  tail(lines?: number): string;
}

export interface LocalProcessOptions {
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const running = new Set<ChildProcess>();
// Whatever ends this process, nothing that it started stays behind.
process.once("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

export async function startLocalProcess(
  file: string,
  args: readonly string[],
  { logFile, environment = {}, cwd }: LocalProcessOptions,
): Promise<LocalProcess> {
  const child = spawn(file, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const log = createWriteStream(logFile, { flags: "a" });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => log.end(resolve));
  });
  const signalAndWait = async (signal: NodeJS.Signals) => {
    if (exitCodeOf(child) === undefined) child.kill(signal);
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    logFile,
    exitCode: () => exitCodeOf(child),
    stop: async (timeoutMs = 10_000) => {
      const killing = new AbortController();
      const late = sleep(timeoutMs, undefined, { signal: killing.signal }).then(
        () => child.kill("SIGKILL"),
        () => undefined,
      );
      await signalAndWait("SIGTERM");
      killing.abort();
      await late;
    },
    kill: () => signalAndWait("SIGKILL"),
    tail: (lines = 20) =>
      readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n"),
  };
}

const exitCodeOf = (child: ChildProcess): number | string | undefined =>
  child.exitCode ?? child.signalCode ?? undefined;

/** A TCP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The first answer of `question` that is not undefined; an error that says what was waited for when it takes too long. */
export async function waitFor<T>(
  what: string,
  question: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
  intervalMs = 100,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await question();
      if (answer !== undefined) return answer;
    } catch (error) {
      lastError = error;
    }
    await sleep(intervalMs);
  }
  throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`, { cause: lastError });
}
