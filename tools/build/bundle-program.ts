import { chmodSync } from "node:fs";
import { dirname } from "node:path";

import { build, type BuildOptions, type BuildResult, type Plugin } from "esbuild";

/** The checkout. */
export const ROOT = dirname(dirname(import.meta.dirname));

/** Bundled CommonJS packages ask for Node's own modules with `require`, which an ES module does not have. */
const BANNER = [
  "#!/usr/bin/env node",
  'import { createRequire as createBundleRequire } from "node:module";',
  "const require = createBundleRequire(import.meta.url);",
].join("\n");

/** The same sources give the same bytes: no time, no absolute path and no source map goes in. */
export const BUNDLE_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  format: "esm",
  charset: "utf8",
  // Lines and names stay whole: a stack trace from a device is read without a source map, and prints one line of it.
  minifySyntax: true,
  legalComments: "eof",
  banner: { js: BANNER },
  logLevel: "warning",
  metafile: true,
  write: true,
} as const satisfies BuildOptions;

/** A program that is one file. */
export interface Program {
  readonly entry: string;
  /** The oldest Node it must run on: what the distributions of devices carry, or what the project itself needs. */
  readonly target: string;
}

export const AGENT_PROGRAM: Program = { entry: "apps/agent/src/main.ts", target: "node20" };

/** Bundles a program into one executable file. `plugins` are for tests that need a faulty one. */
export async function bundleProgram(
  { entry, target }: Program,
  outfile: string,
  plugins: Plugin[] = [],
): Promise<BuildResult<typeof BUNDLE_OPTIONS>> {
  const result = await build({ ...BUNDLE_OPTIONS, entryPoints: [entry], outfile, target, plugins });
  chmodSync(outfile, 0o755);
  return result;
}
