/**
 * `node tools/build.ts`: bundles what leaves this repository. Devices and people get one file each without a
 * node_modules beside it, browsers the web console, and a machine that serves a folder with the server and its signer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import {
  AGENT_PROGRAM,
  BUNDLE_OPTIONS,
  ROOT,
  bundleProgram,
  type Program,
} from "./build/bundle-program.ts";
import { STAMP, sourcesDigest } from "./build/build-once.ts";
import { precompress } from "./build/precompress.ts";

interface Bundle {
  readonly program: Program;
  readonly file: string;
}

const BUNDLES: readonly Bundle[] = [
  { program: AGENT_PROGRAM, file: "dist/moult-agent.mjs" },
  { program: { entry: "apps/cli/src/main.ts", target: "node24" }, file: "dist/moult.mjs" },
];

async function bundle({ program, file }: Bundle): Promise<void> {
  const outfile = join(ROOT, file);
  const result = await bundleProgram(program, outfile);
  const bytes = readFileSync(outfile);
  const inputs = Object.keys(result.metafile.inputs).length;
  const sizes = `${kilobytes(bytes)}, gzip ${kilobytes(gzipSync(bytes))}`;
  console.log(`${file} ${sizes}, from ${inputs} files, for ${program.target}`);
}

/**
 * The server and its signer, cut where they load something only when it is needed (`import()`). As a bundle they take 40 MB
 * less than from their sources: a thousand modules of packages are not there one by one.
 */
async function bundleServer(): Promise<void> {
  const outdir = join(ROOT, "dist/server");
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    ...BUNDLE_OPTIONS,
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

/** The agent's update modules, one file each, beside the agent. */
function copyModules(): void {
  const source = join(ROOT, "apps/agent/modules/v3");
  const target = join(ROOT, "dist/modules/v3");
  rmSync(target, { recursive: true, force: true });
  cpSync(source, target, { recursive: true });
  console.log(`dist/modules/v3 ${readdirSync(target).join(", ")}`);
}

/** What starts the agent on a device, and brings the old one back. */
function copyLauncher(): void {
  const target = join(ROOT, "dist/moult-agent-launcher");
  cpSync(join(ROOT, "apps/agent/launcher/moult-agent-launcher"), target);
  chmodSync(target, 0o755);
  console.log("dist/moult-agent-launcher");
}

/** What bootloaders need of ours. */
function copyBootIntegration(): void {
  const target = join(ROOT, "dist/boot-integration");
  rmSync(target, { recursive: true, force: true });
  cpSync(join(ROOT, "apps/agent/boot-integration"), target, { recursive: true });
  console.log(`dist/boot-integration ${readdirSync(target).join(", ")}`);
}

/** The web console, which the server hands out as it lies in `dist/web`. */
async function buildWebConsole(): Promise<void> {
  const source = join(ROOT, "apps/web");
  if (!existsSync(join(source, "package.json"))) return;
  const vite = join(ROOT, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--emptyOutDir", "--logLevel", "warn"], {
    cwd: source,
    stdio: "inherit",
    // Whoever builds, a test run too, builds what ships.
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`vite build ended with ${code ?? "a signal"}`);
  const { plainBytes, brotliBytes } = await precompress(join(ROOT, "dist/web"));
  console.log(`dist/web ${inKilobytes(plainBytes)}, brotli ${inKilobytes(brotliBytes)}`);
}

const kilobytes = (bytes: Buffer): string => inKilobytes(bytes.length);
const inKilobytes = (sizeBytes: number): string => `${(sizeBytes / 1000).toFixed(1)} kB`;

const digest = sourcesDigest();
rmSync(STAMP, { force: true });
copyModules();
copyLauncher();
copyBootIntegration();
await Promise.all([...BUNDLES.map(bundle), bundleServer(), buildWebConsole()]);
writeFileSync(STAMP, digest);
