import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

export interface BenchOptions {
  /** How often each measurement is repeated; the report gives median, least and most. */
  readonly runs: number;
  /** Progress for people; the report itself is what `run` returns. */
  readonly say: (line: string) => void;
}

export interface BenchResult {
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export interface BenchReport {
  readonly results: readonly BenchResult[];
  /** Comparisons worth a number of their own, such as "moult / nginx": machines differ, ratios travel. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** What every bench/<name>.ts exports. */
export interface Bench {
  readonly name: string;
  /** One sentence that the numbers answer. */
  readonly question: string;
  run(options: BenchOptions): Promise<BenchReport>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError("a median needs at least one value");
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  return (lower + upper) / 2;
}

export function summary(metric: string, unit: string, values: readonly number[]): BenchResult {
  return {
    metric,
    unit,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
  };
}

export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** Memory of a process that is in RAM now, and the most it ever was, as Linux counts it. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
    return Number(kibibytes) * 1024;
  };
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Time a process has spent on a processor, its own and the kernel's on its behalf. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in parentheses and may contain spaces; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const TICK_MS = 10;
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

export interface BenchProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything it has written to both streams so far. */
  output(): string;
  /** Resolves with the match as soon as the output has one; rejects when it ends or takes too long. */
  waitFor(pattern: RegExp, limitMs: number): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

/** Starts a process to be measured. It dies with this one, and `stop` waits until it is gone. */
export function startProcess(
  [file = "", ...args]: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): BenchProcess {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} did not start`);
  let output = "";
  const collect = (text: string): void => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));

  return {
    pid,
    child,
    output: () => output,
    waitFor: (pattern, limitMs) => outputMatch(child, () => output, pattern, limitMs),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(kill, 10_000);
      await gone;
      clearTimeout(timer);
    },
  };
}

function outputMatch(
  child: ChildProcess,
  output: () => string,
  pattern: RegExp,
  limitMs: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      child.stdout?.off("data", look);
      child.stderr?.off("data", look);
      child.off("exit", ended);
      end();
    };
    const fail = (why: string): void =>
      settle(() => reject(new Error(`${why} before its output matched ${pattern}:\n${output()}`)));
    const look = (): void => {
      const match = pattern.exec(output());
      if (match !== null) settle(() => resolve(match));
    };
    const ended = (): void => fail("the process ended");
    const timer = setTimeout(() => fail(`${limitMs} ms passed`), limitMs);
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("exit", ended);
    look();
  });
}
