import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { AGENT_PROGRAM, ROOT, bundleProgram } from "./bundle-program.ts";

/** A change of the agent's source: `find` must be in the file exactly once. */
export interface Edit {
  /** From the root of the checkout. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Bundles an agent with changed sources, as the one that ships is bundled. There is no switch in the agent that turns a rule
 * off, so a control has to take the rule out of its text.
 */
export async function bundleAgent(folder: string, edits: readonly Edit[] = []): Promise<string> {
  const name = createHash("sha256").update(JSON.stringify(edits)).digest("hex").slice(0, 16);
  const outfile = join(folder, `agent-${name}.mjs`);
  const sources = editedSources(edits);
  const used = new Set<string>();
  const plugin: Plugin = {
    name: "faulty-agent",
    setup: (build) => {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = sources.get(path);
        if (contents === undefined) return undefined;
        used.add(path);
        return { contents, loader: "ts" };
      });
    },
  };
  await bundleProgram(AGENT_PROGRAM, outfile, [plugin]);
  const missed = [...sources.keys()].find((path) => !used.has(path));
  if (missed !== undefined) throw new Error(`${missed} is no part of the agent`);
  return outfile;
}

/** The changed files by their paths. */
function editedSources(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const path = join(ROOT, file);
    const parts = (sources.get(path) ?? readFileSync(path, "utf8")).split(find);
    if (parts.length !== 2)
      throw new Error(`${file} holds this ${parts.length - 1} times instead of once: ${find}`);
    sources.set(path, parts.join(replace));
  }
  return sources;
}
