import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { summary, type BenchOptions, type BenchReport, type BenchResult } from "./measure.ts";

export const name = "artifact";
export const question =
  "How much memory do writing and verifying an artifact of 4 GiB take, and how fast is verifying beside mender-artifact?";

const MIB = 1024 * 1024;
const LARGE_BYTES = 4096 * MIB;
const FILE_BYTES = 512 * MIB;
const COMPRESSIONS = ["none", "gz"] as const;

interface Took {
  readonly ms: number;
  readonly peakBytes: number;
}

interface Child {
  readonly path: string;
  /** Runs a task to its end; `stdin` and `stdout` are what the task reads and writes. */
  run(args: readonly string[], stdio: { readonly stdout?: number }): Promise<Took>;
}

/** The child as devices get the package: one file without types, since stripping them costs 40 MB. */
async function bundledChild(directory: string): Promise<Child> {
  const path = join(directory, "child.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("./artifact/child.ts", import.meta.url))],
    outfile: path,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
  });
  return {
    path,
    run: async (args, { stdout }) => {
      const child = spawn(process.execPath, [path, ...args], {
        stdio: ["ignore", stdout ?? "ignore", "pipe"],
      });
      return took(child.stderr, once(child, "close"), args);
    },
  };
}

async function took(
  stderr: AsyncIterable<unknown> | null,
  closed: Promise<unknown[]>,
  args: readonly string[],
): Promise<Took> {
  const [said, [code]] = await Promise.all([stderr === null ? "" : text(stderr), closed]);
  if (code !== 0) throw new Error(`${args.join(" ")} failed:\n${said}`);
  return JSON.parse(said) as Took;
}

/** Writes 4 GiB straight into a reader, so that nothing is stored. */
async function piped(path: string, compression: string): Promise<readonly [Took, Took]> {
  const writing = ["write", compression, "sparse", String(LARGE_BYTES)];
  const writer = spawn(process.execPath, [path, ...writing], { stdio: ["ignore", "pipe", "pipe"] });
  const reader = spawn(process.execPath, [path, "inspect", "-"], {
    stdio: [writer.stdout, "ignore", "pipe"],
  });
  writer.stdout.destroy();
  return Promise.all([
    took(writer.stderr, once(writer, "close"), writing),
    took(reader.stderr, once(reader, "close"), ["inspect"]),
  ]);
}

/** Wall time of a whole process, which is what a person at a prompt waits for. */
async function commandMs(file: string, args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(file, args, { stdio: "ignore" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${String(code)}`);
  return performance.now() - startedMs;
}

async function memoryOf(child: Child, options: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const compression of COMPRESSIONS) {
    options.say(`4 GiB in ${compression}, from a writer into a reader`);
    const [write, read] = await piped(child.path, compression);
    results.push(
      summary(`write 4 GiB, ${compression}: peak memory`, "MiB", [write.peakBytes / MIB]),
      summary(`read 4 GiB, ${compression}: peak memory`, "MiB", [read.peakBytes / MIB]),
      summary(`write and read 4 GiB, ${compression}`, "MiB/s", [perSecond(LARGE_BYTES, write.ms)]),
    );
  }
  return results;
}

const perSecond = (bytes: number, ms: number): number => bytes / MIB / (ms / 1000);

/** Moult's and Mender's turns alternate, so that a busy moment of the machine meets both. */
async function speedOf(
  child: Child,
  directory: string,
  { runs, say }: BenchOptions,
): Promise<BenchReport> {
  const results: BenchResult[] = [];
  const ratios: Record<string, number> = {};
  for (const compression of COMPRESSIONS) {
    const path = join(directory, `${compression}.mender`);
    const file = openSync(path, "w");
    await child.run(["write", compression, "mixed", String(FILE_BYTES)], { stdout: file });
    closeSync(file);
    const commands = {
      "moult verify": [process.execPath, child.path, "verify", path],
      "moult inspect": [process.execPath, child.path, "inspect", path],
      "mender-artifact validate": ["mender-artifact", "validate", path],
    };
    const speeds: Record<string, number[]> = {};
    for (let round = 0; round < runs; round += 1) {
      say(`512 MiB in ${compression}, round ${round + 1} of ${runs}`);
      for (const [command, [executable = "", ...args]] of Object.entries(commands))
        (speeds[command] ??= []).push(perSecond(FILE_BYTES, await commandMs(executable, args)));
    }
    const of = Object.entries(speeds).map(([command, values]) =>
      summary(`${command}, 512 MiB, ${compression}`, "MiB/s", values),
    );
    results.push(...of);
    const [verify, inspect, validate] = of.map(({ median }) => median);
    ratios[`moult verify / mender-artifact validate, ${compression}`] =
      (verify ?? 0) / (validate ?? 1);
    ratios[`moult inspect / mender-artifact validate, ${compression}`] =
      (inspect ?? 0) / (validate ?? 1);
    rmSync(path);
  }
  return { results, ratios };
}

export async function run(options: BenchOptions): Promise<BenchReport> {
  const directory = mkdtempSync(join(tmpdir(), "moult-bench-"));
  try {
    const child = await bundledChild(directory);
    const memory = await memoryOf(child, options);
    const { results, ratios } = await speedOf(child, directory, options);
    return { results: [...memory, ...results], ratios };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
