/**
 * `node tools/build.ts`: bundles what leaves this repository. Devices and people get one file each without a
 * node_modules beside it, browsers the web console, and a machine that serves a folder with the server and its signer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { build, type BuildOptions } from "esbuild";
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
const COMMON = {
  absWorkingDir: root,
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

async function bundle({ entry, file, target }: Bundle): Promise<void> {
  const outfile = join(root, file);
  const result = await build({ ...COMMON, entryPoints: [entry], outfile, target });
  chmodSync(outfile, 0o755);
  const bytes = readFileSync(outfile);
  const inputs = Object.keys(result.metafile.inputs).length;
  const sizes = `${kilobytes(bytes)}, gzip ${kilobytes(gzipSync(bytes))}`;
  console.log(`${file} ${sizes}, from ${inputs} files, for ${target}`);
}

/**
 * The server and its signer, cut where they load something only when it is needed (`import()`). As a bundle they take 40 MB
 * less than from their sources: a thousand modules of packages are not there one by one.
 */
async function bundleServer(): Promise<void> {
  const outdir = join(root, "dist/server");
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    ...COMMON,
    entryPoints: { main: "apps/server/src/main.ts", signer: "apps/signer/src/main.ts" },
    outdir,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    target: "node24",
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  const inputs = Object.keys(metafile.inputs).length;
  console.log(`dist/server ${inKilobytes(bytes)}, from ${inputs} files, for node24`);
}

/** The web console, which the server hands out as it lies in `dist/web`. */
async function buildWebConsole(): Promise<void> {
  const source = join(root, "apps/web");
  if (!existsSync(join(source, "package.json"))) return;
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--emptyOutDir", "--logLevel", "warn"], {
    cwd: source,
    stdio: "inherit",
    // Whoever builds, a test run too, builds what ships.
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`vite build ended with ${code ?? "a signal"}`);
  const { plainBytes, brotliBytes } = await precompress(join(root, "dist/web"));
  console.log(`dist/web ${inKilobytes(plainBytes)}, brotli ${inKilobytes(brotliBytes)}`);
}

const kilobytes = (bytes: Buffer): string => inKilobytes(bytes.length);
const inKilobytes = (sizeBytes: number): string => `${(sizeBytes / 1000).toFixed(1)} kB`;

await Promise.all([...BUNDLES.map(bundle), bundleServer(), buildWebConsole()]);
