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
