import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, vi } from "vitest";
import type { JsonObject } from "@moult/artifact";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import { STEP_MARK } from "../update-runner/create-update-runner.ts";
import {
  aDevice,
  buildArtifact,
  linesOf,
  offerOf,
  type TestDevice,
} from "../update-runner/device.fixture.ts";

/** What devices get as `dist/modules/v3`. */
const MODULES = fileURLToPath(new URL("../../modules/v3", import.meta.url));

export interface ModuleDevice {
  readonly device: TestDevice;
  /** Takes a release of the given payload files through its whole update; says how it ended. */
  install(files: PayloadFiles, metaData?: JsonObject): Promise<Ending>;
  /** Begins an update and does not wait for it. */
  begin(files: PayloadFiles, metaData?: JsonObject): Promise<void>;
  ended(): Promise<Ending>;
  /** What the module printed during the last update, as its log has it. */
  said(): Promise<string>;
}

export type PayloadFiles = Readonly<Record<string, string | Uint8Array>>;

/** `outcome`, and what runs now; `detail` as the server would be told it. */
export interface Ending {
  readonly outcome: string;
  readonly detail: string;
  readonly runs: string;
}

/** The shells that modules must run in: Debian's and that of small devices. */
export type Shell = "dash" | "busybox";

/** A device with an agent, and one of the shipped modules under its own name. */
export async function aModuleDevice(type: string, shell: Shell = "dash"): Promise<ModuleDevice> {
  const device = await aDevice({ limits: { killAfterMs: 200, rebootTimeoutMs: 30_000 } });
  const module = join(device.paths.modulesDir, type);
  const text = await readFile(join(MODULES, type), "utf8");
  await mkdir(dirname(module), { recursive: true });
  await writeFile(module, shell === "dash" ? text : text.replace("#!/bin/sh", "#!/bin/busybox sh"));
  await chmod(module, 0o755);

  let releases = 0;
  const begin = async (files: PayloadFiles, metaData?: JsonObject): Promise<void> => {
    releases += 1;
    const name = `release-${releases}`;
    const parts = metaData === undefined ? {} : { metaData };
    const artifact = await buildArtifact({ name, type, files, ...parts });
    device.server.artifacts.set(artifact.sha256, artifact.bytes);
    await device.runner.offer(offerOf(artifact));
  };
  const ended = async (): Promise<Ending> => {
    await device.runner.idle();
    const report = device.finished();
    if (report.kind !== "finished") throw new Error("only the end of an update ends it");
    const { artifactName } = device.runner.running();
    return { outcome: report.outcome, detail: report.detail ?? "", runs: artifactName };
  };
  return {
    device,
    begin,
    ended,
    install: async (files, metaData) => {
      await begin(files, metaData);
      return ended();
    },
    said: async () => {
      const logFile = device.server.reports.at(-1)?.logFile;
      if (logFile === undefined) throw new Error("no update has begun");
      const entries = (await linesOf(logFile)).map((line) => JSON.parse(line) as { line?: string });
      return entries.flatMap(({ line }) => line ?? []).join("\n");
    },
  };
}

/** More rounds find rarer moments: `MOULT_KILL_ROUNDS=100 vitest run …`. */
const KILL_ROUNDS = Number(process.env["MOULT_KILL_ROUNDS"] ?? 3);

/**
 * Begins updates and kills the module, with the tool that it runs, a while later: each round a little later than the one
 * before, over the time that a whole update takes. `check` sees what the device says it runs, after each.
 */
export async function killModules(
  device: ModuleDevice,
  filesOf: (round: number) => Promise<PayloadFiles>,
  check: (ending: Ending, round: number) => Promise<void>,
  metaData?: JsonObject,
): Promise<void> {
  const startedMs = performance.now();
  await device.begin(await filesOf(0), metaData);
  await check(await device.ended(), 0);
  const wholeMs = performance.now() - startedMs;
  for (let round = 1; round <= KILL_ROUNDS; round += 1) {
    const files = await filesOf(round);
    await device.begin(files, metaData);
    await sleep((wholeMs * round) / (KILL_ROUNDS + 1));
    await killMarkedProcesses(STEP_MARK, device.device.paths.dataDir);
    await check(await device.ended(), round);
  }
}

const run = promisify(execFile);

/** Runs a real tool and returns what it printed. */
export async function tool(file: string, ...args: readonly string[]): Promise<string> {
  return (await run(file, [...args])).stdout;
}

/** Like `tool`, in a folder. */
export async function toolIn(
  cwd: string,
  file: string,
  ...args: readonly string[]
): Promise<string> {
  return (await run(file, [...args], { cwd })).stdout;
}

export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "moult-shipped-"));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeExecutable(file: string, script: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/** Package databases, mounts and containers are root's. */
export function demandRoot(): void {
  if (process.getuid?.() !== 0)
    throw new Error("the tests of the shipped update modules work on roots of their own, as root");
}

/** dpkg and podman sync every file they write. What is tested here is not the disk, so it need not wait for one. */
if (existsSync("/dev/shm")) process.env["TMPDIR"] = "/dev/shm";

const undo: (() => Promise<unknown>)[] = [];

/** Sets variables for this test; modules inherit the agent's environment. */
export function environment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    undo.push(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
      return Promise.resolve();
    });
  }
}

/** To be undone after this test, last first. */
export function afterwards(step: () => Promise<unknown>): void {
  undo.push(step);
}

// Real tools on a machine that is busy with other things.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});
