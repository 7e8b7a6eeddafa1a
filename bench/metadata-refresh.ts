import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { writeRepository } from "./metadata-refresh/repository.ts";
import type { Visits } from "./metadata-refresh/visits.ts";
import {
  median,
  summary,
  type BenchOptions,
  type BenchReport,
  type BenchResult,
} from "./measure.ts";

export const name = "metadata-refresh";
export const question =
  "What does it take a device to refresh its TUF metadata and find its release, beside tuf-js 6.0.2?";

const COUNTS = [200, 5_000] as const;
const CLIENTS = {
  moult: new URL("./metadata-refresh/moult.ts", import.meta.url),
  "tuf-js": new URL("./metadata-refresh/tuf-js.ts", import.meta.url),
};
const MIB = 1024 * 1024;
const execute = promisify(execFile);

/** One file a client, so that neither carries the other in its memory. */
async function bundled(folder: string): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {};
  for (const [client, source] of Object.entries(CLIENTS)) {
    const outfile = join(folder, `${client}.mjs`);
    await build({
      entryPoints: [fileURLToPath(source)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node24",
      logLevel: "error",
      // tuf-js is CommonJS and asks for Node's own modules at run time.
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
    paths[client] = outfile;
  }
  return paths;
}

/** The clients' turns alternate, so that a busy moment of the machine meets both. */
export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-metadata-"));
  try {
    const clients = await bundled(folder);
    const results: BenchResult[] = [];
    const ratios: Record<string, number> = {};
    for (const count of COUNTS) {
      const repository = join(folder, `targets-${count}`);
      await writeRepository(repository, count);
      const visits: Record<string, Visits[]> = {};
      for (let round = 0; round < runs; round += 1)
        for (const [client, program] of Object.entries(clients)) {
          say(`${count} targets, ${client}, round ${round + 1} of ${runs}`);
          const store = join(folder, `store-${count}-${client}-${round}`);
          mkdirSync(store);
          const { stdout } = await execute(process.execPath, [program, repository, store]);
          (visits[client] ??= []).push(JSON.parse(stdout) as Visits);
        }
      results.push(
        ...Object.entries(visits).flatMap(([client, of]) => summaries(client, count, of)),
      );
      Object.assign(ratios, ratiosOf(count, visits["moult"] ?? [], visits["tuf-js"] ?? []));
    }
    return { results, ratios };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const summaries = (client: string, count: number, visits: readonly Visits[]): BenchResult[] => [
  summary(
    `${client}: first refresh and look-up, ${count} targets`,
    "ms",
    visits.map(({ firstMs }) => firstMs),
  ),
  summary(
    `${client}: refresh with nothing new and look-up, ${count} targets`,
    "ms",
    visits.map(({ laterMs }) => laterMs),
  ),
  summary(
    `${client}: peak memory, ${count} targets`,
    "MiB",
    visits.map(({ peakBytes }) => peakBytes / MIB),
  ),
];

function ratiosOf(count: number, ours: readonly Visits[], theirs: readonly Visits[]) {
  const ratio = (of: (visits: Visits) => number): number =>
    median(theirs.map(of)) / median(ours.map(of));
  return {
    [`first refresh: tuf-js / moult, ${count} targets`]: ratio(({ firstMs }) => firstMs),
    [`later refresh: tuf-js / moult, ${count} targets`]: ratio(({ laterMs }) => laterMs),
    [`peak memory: tuf-js / moult, ${count} targets`]: ratio(({ peakBytes }) => peakBytes),
  };
}
