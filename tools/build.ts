/**
 * `node tools/build.ts`: bundles what leaves this repository. Devices and people get one file each without a
 * node_modules beside it, browsers the web console; the server and the signer run from their sources.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import { precompress } from "./build/precompress.ts";

interface Bundle {
  readonly entry: string;
  readonly file: string;
  /** The oldest Node it must run on: what the distributions of devices carry, or what the project itself needs. */
  readonly target: string;
}

const BUNDLES: readonly Bundle[] = [
  { entry: "apps/agent/src/main.ts", file: "dist/moult-agent.mjs", target: "node20" },
  { entry: "apps/cli/src/main.ts", file: "dist/moult.mjs", target: "node24" },
];

/** Bundled CommonJS packages ask for Node's own modules with `require`, which an ES module does not have. */
const BANNER = [
  "#!/usr/bin/env node",
  'import { createRequire as createBundleRequire } from "node:module";',
  "const require = createBundleRequire(import.meta.url);",
].join("\n");

const root = dirname(import.meta.dirname);

/** The same sources give the same bytes: no time, no absolute path and no source map goes in. */
async function bundle({ entry, file, target }: Bundle): Promise<void> {
  const outfile = join(root, file);
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target,
    charset: "utf8",
    // Lines and names stay whole: a stack trace from a device is read without a source map, and prints one line of it.
    minifySyntax: true,
    legalComments: "eof",
    banner: { js: BANNER },
    logLevel: "warning",
    metafile: true,
    write: true,
  });
  chmodSync(outfile, 0o755);
  const bytes = readFileSync(outfile);
  const inputs = Object.keys(result.metafile.inputs).length;
  const sizes = `${kilobytes(bytes)}, gzip ${kilobytes(gzipSync(bytes))}`;
  console.log(`${file} ${sizes}, from ${inputs} files, for ${target}`);
}

/** The web console, which the server hands out as it lies in `dist/web`. */
async function buildWebConsole(): Promise<void> {
  const source = join(root, "apps/web");
  if (!existsSync(join(source, "package.json"))) return;
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--emptyOutDir", "--logLevel", "warn"], {
    cwd: source,
    stdio: "inherit",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`vite build ended with ${code ?? "a signal"}`);
  const { plainBytes, brotliBytes } = await precompress(join(root, "dist/web"));
  console.log(`dist/web ${inKilobytes(plainBytes)}, brotli ${inKilobytes(brotliBytes)}`);
}

const kilobytes = (bytes: Buffer): string => inKilobytes(bytes.length);
const inKilobytes = (sizeBytes: number): string => `${(sizeBytes / 1000).toFixed(1)} kB`;

await Promise.all([...BUNDLES.map(bundle), buildWebConsole()]);
