import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TARGET_FILE } from "./layout.ts";

// The folders of a child process: the repository, and what the client keeps.
export const [repository = "", storeFolder = ""] = process.argv.slice(2);

/** What a child says at its end, as JSON on its standard output. */
export interface Visits {
  /** With nothing but the provisioned root. */
  readonly firstMs: number;
  /** As after a restart with nothing new. */
  readonly laterMs: number;
  readonly peakBytes: number;
}

/** Refreshes and looks a target up twice; each visit opens the client anew. */
export async function measured(
  visit: (path: string) => Promise<number | undefined>,
): Promise<void> {
  const path = readFileSync(join(repository, TARGET_FILE), "utf8");
  const timed = async (): Promise<number> => {
    const startedMs = performance.now();
    if ((await visit(path)) === undefined) throw new Error(`${path} was not found`);
    return performance.now() - startedMs;
  };
  const firstMs = await timed();
  const laterMs = await timed();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ firstMs, laterMs, peakBytes } satisfies Visits));
}
