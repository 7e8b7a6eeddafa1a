import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  payloadFileFromBytes,
  prepareArtifact,
  type ArtifactDescription,
  type JsonObject,
  type ManifestSigner,
} from "@moult/artifact";
import type { Ticker } from "@moult/agent-core";
import { instant } from "@moult/base";
import { AssignmentId, DeploymentId, HardwareType, Sha256, type Running } from "@moult/model";
import type { AssignmentUpdate, HoldPolicy, UpdateReport } from "@moult/updater";
import { pack } from "tar-stream";
import type { AgentPaths } from "../agent-paths.ts";
import {
  recordedLog,
  someHoldPolicy,
  someLimits,
  type RecordedLog,
} from "../installers/installer.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createOfflineServerMove } from "../daemon/server-moves.ts";
import type { Installer } from "../installers/installer.ts";
import type { RootfsImages } from "../installers/rootfs-image.ts";
import type { ServerMove } from "../installers/server-move.ts";
import type { Admission } from "../trust/admission.ts";
import { factoryAdmission } from "../trust/factory-admission.ts";
import { createUpdateRunner } from "./create-update-runner.ts";
import type {
  QueuedReport,
  Reboot,
  UpdateLimits,
  UpdateRunner,
  UpdateServer,
} from "./update-runner.ts";

/** For tests that wait for real processes on a busy machine; nothing waits this long when all is well. */
export const PATIENT = { timeout: 30_000 };

export const HARDWARE = HardwareType.parse("gw2");

export function pathsUnder(root: string): AgentPaths {
  return {
    dataDir: join(root, "var/lib/moult"),
    modulesDir: join(root, "usr/share/moult/modules/v3"),
    scriptsDir: join(root, "var/lib/moult/scripts"),
    rootfsScriptsDir: join(root, "etc/moult/scripts"),
    contextDir: join(root, "etc/moult/context.d"),
    appsDir: join(root, "var/lib/moult/apps"),
    destRoot: root,
  };
}

interface PayloadParts {
  readonly type: string | null;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly metaData?: JsonObject;
  readonly provides?: Readonly<Record<string, string>>;
  readonly clearsProvides?: readonly string[];
}

export interface ArtifactParts extends PayloadParts {
  readonly name: string;
  /** Payloads after the first one. */
  readonly more?: readonly PayloadParts[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly deviceTypes?: readonly string[];
  readonly dependsOnNames?: readonly string[];
  readonly signer?: ManifestSigner;
}

export interface BuiltArtifact {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: Sha256;
}

export async function buildArtifact(parts: ArtifactParts): Promise<BuiltArtifact> {
  const description: ArtifactDescription = {
    artifactName: parts.name,
    deviceTypes: parts.deviceTypes ?? [HARDWARE],
    ...(parts.dependsOnNames === undefined ? {} : { dependsOnNames: parts.dependsOnNames }),
    payloads: [parts, ...(parts.more ?? [])].map((payload) => ({
      type: payload.type,
      files: Object.entries(payload.files ?? {}).map(([name, content]) =>
        payloadFileFromBytes(name, Buffer.from(content)),
      ),
      ...(payload.metaData === undefined ? {} : { metaData: payload.metaData }),
      ...(payload.provides === undefined ? {} : { provides: payload.provides }),
      ...(payload.clearsProvides === undefined ? {} : { clearsProvides: payload.clearsProvides }),
    })),
    scripts: Object.entries(parts.scripts ?? {}).map(([name, content]) => ({
      name,
      content: Buffer.from(`#!/bin/sh\n${content}\n`),
    })),
  };
  const prepared = await prepareArtifact(
    description,
    parts.signer === undefined ? {} : { signer: parts.signer },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const sha256 = Sha256.parse(createHash("sha256").update(bytes).digest("hex"));
  return { name: parts.name, bytes, sha256 };
}

export async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A small HTTP application. `behaviour` is what it answers to /health, or that it gives up at once. */
function appFiles(version: string, behaviour: "well" | "ill" | "crashes" = "well") {
  return tarOf({
    VERSION: version,
    "server.mjs": `
      import { createServer } from "node:http";
      import { appendFileSync } from "node:fs";
      if (${JSON.stringify(behaviour)} === "crashes") {
        console.error("cannot find my configuration");
        process.exit(1);
      }
      appendFileSync(process.env.MOULT_APP_DATA + "/starts", ${JSON.stringify(`${version}\n`)});
      const server = createServer((request, response) => {
        response.statusCode = ${behaviour === "ill" ? 503 : 200};
        response.end(${JSON.stringify(version)});
      });
      server.listen(Number(process.env.TEST_APP_PORT), "127.0.0.1");
      process.on("SIGTERM", () => process.exit(0));
    `,
  });
}

function appMetaData(health: JsonObject = {}): JsonObject {
  return {
    name: "demo",
    command: [process.execPath, "server.mjs"],
    stopTimeoutSeconds: 2,
    health: {
      kind: "http",
      url: "http://127.0.0.1:${TEST_APP_PORT}/health",
      timeoutSeconds: 30,
      intervalSeconds: 0.05,
      ...health,
    },
  };
}

/** The payload of a small application. */
export async function appPayload(
  version: string,
  behaviour: "well" | "ill" | "crashes" = "well",
): Promise<PayloadParts> {
  const metaData = appMetaData(behaviour === "ill" ? { timeoutSeconds: 0.5 } : {});
  return { type: "app", files: { "app.tar": await appFiles(version, behaviour) }, metaData };
}

export async function appArtifact(
  version: string,
  behaviour: "well" | "ill" | "crashes" = "well",
  parts: Partial<ArtifactParts> = {},
): Promise<BuiltArtifact> {
  const payload = await appPayload(version, behaviour);
  return buildArtifact({ name: `demo-${version}`, ...payload, ...parts });
}

let attempts = 0;

/** An offer for an artifact; each one is a new assignment. */
export function offerOf(
  artifact: BuiltArtifact,
  parts: Partial<AssignmentUpdate> = {},
): AssignmentUpdate {
  attempts += 1;
  return {
    kind: "assignment",
    assignmentId: AssignmentId.parse(
      `00000000-0000-4000-8000-${String(attempts).padStart(12, "0")}`,
    ),
    deploymentId: DeploymentId.parse("a3f0a9be-1a7c-4e0b-8b40-0d8a0f3f0b22"),
    attempt: 1,
    artifactName: artifact.name,
    path: `gw2/prod/${artifact.name}/${artifact.sha256}.mender`,
    sizeBytes: artifact.bytes.length,
    sha256: artifact.sha256,
    instruction: { generation: 1, sha256: artifact.sha256, keySha256: artifact.sha256 },
    ...parts,
  };
}

/** What the server's side of the agent does in tests; each part can be replaced. */
interface TestServer extends UpdateServer {
  readonly reports: QueuedReport[];
  readonly artifacts: Map<string, Uint8Array>;
  /** While this is pending no check-in gets through. */
  reachable: Promise<void>;
  /** While this is pending no download goes on. */
  downloadable: Promise<void>;
}

function testServer(): TestServer {
  const server: TestServer = {
    reports: [],
    artifacts: new Map(),
    reachable: Promise.resolve(),
    downloadable: Promise.resolve(),
    download: async (update, file, signal, onProgress) => {
      onProgress(30);
      await orAborted(server.downloadable, signal);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, server.artifacts.get(update.sha256) ?? Buffer.alloc(0));
      onProgress(100);
    },
    reachServer: (signal) => orAborted(server.reachable, signal),
    report: (report) => {
      server.reports.push(report);
      return Promise.resolve();
    },
  };
  return server;
}

export function orAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    waiting.then(resolve, reject);
  });
}

export interface TestDevice {
  readonly root: string;
  readonly paths: AgentPaths;
  readonly server: TestServer;
  readonly log: RecordedLog;
  readonly port: number;
  runner: UpdateRunner;
  /** Machine reboots that were asked for. */
  readonly reboots: number[];
  /** Offers an artifact and waits for the end of its update. */
  update(artifact: BuiltArtifact, parts?: Partial<AssignmentUpdate>): Promise<UpdateReport>;
  /** Ends the runner and makes another one, as a start of the agent does; `boot` counts machine boots. */
  restart(boot?: number): Promise<void>;
  /** A new runner on the same folders that is not started; the old one is left as it is. */
  makeRunner(boot?: number): UpdateRunner;
  finished(): UpdateReport;
  kinds(): readonly string[];
  /** What the application on this device answers, or undefined. */
  ask(): Promise<string | undefined>;
  writeModule(type: string, script: string): Promise<void>;
  writeRootfsScript(name: string, script: string): Promise<void>;
  writeContextScript(name: string, script: string): Promise<void>;
  close(): Promise<void>;
}

export interface DeviceOptions {
  readonly limits?: Partial<UpdateLimits>;
  readonly holdPolicy?: Partial<HoldPolicy>;
  readonly artifactKeys?: readonly string[];
  readonly initialRunning?: Running;
  readonly ticker?: Ticker;
  /** Without it, as in a factory, nobody has to vouch for anything. */
  readonly admission?: Admission;
  readonly serverMove?: ServerMove;
  /** The slots of the system, as the runner to be made finds them. */
  readonly rootfsImages?: (reboot: Reboot) => RootfsImages | undefined;
  readonly bootloader?: Installer;
}

export async function aDevice(options: DeviceOptions = {}): Promise<TestDevice> {
  const root = await mkdtemp(join(tmpdir(), "moult-device-"));
  const paths = pathsUnder(root);
  const server = testServer();
  const log = recordedLog();
  const reboots: number[] = [];
  const port = await freePort();
  process.env["TEST_APP_PORT"] = String(port);

  const makeRunner = (boot = 1): UpdateRunner => {
    const reboot: Reboot = {
      reboot: () => {
        reboots.push(boot);
        return Promise.resolve();
      },
    };
    return createUpdateRunner({
      paths,
      hardwareType: HARDWARE,
      artifactKeys: options.artifactKeys ?? [],
      admission: options.admission ?? factoryAdmission,
      serverMove: options.serverMove ?? createOfflineServerMove(join(root, "identity"), log),
      initialRunning: options.initialRunning ?? {
        artifactName: "factory-1",
        provides: { artifact_name: "factory-1" },
      },
      server,
      reboot,
      rootfsImages: options.rootfsImages?.(reboot),
      bootloader: options.bootloader,
      bootId: `boot-${boot}`,
      clock: { now: () => instant(Date.now()) },
      ticker: options.ticker ?? systemTicker,
      log,
      limits: someLimits(options.limits),
      holdPolicy: { ...someHoldPolicy, ...options.holdPolicy },
    });
  };

  const device: TestDevice = {
    root,
    paths,
    server,
    log,
    port,
    runner: makeRunner(),
    reboots,
    makeRunner,
    update: async (artifact, parts) => {
      server.artifacts.set(artifact.sha256, artifact.bytes);
      await device.runner.offer(offerOf(artifact, parts));
      await device.runner.idle();
      return device.finished();
    },
    restart: async (boot) => {
      await device.runner.stop();
      device.runner = makeRunner(boot);
      await device.runner.start();
    },
    finished: () => {
      const last = server.reports.at(-1)?.report;
      if (last?.kind !== "finished") throw new Error(`not finished: ${JSON.stringify(last)}`);
      return last;
    },
    kinds: () => server.reports.map(({ report }) => report.kind),
    ask: () => ask(port),
    writeModule: (type, script) => writeScript(join(paths.modulesDir, type), script),
    writeRootfsScript: (name, script) => writeScript(join(paths.rootfsScriptsDir, name), script),
    writeContextScript: (name, script) => writeScript(join(paths.contextDir, name), script),
    close: async () => {
      await device.runner.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
  await device.runner.start();
  return device;
}

export async function ask(port: number): Promise<string | undefined> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`)).text();
  } catch {
    return undefined;
  }
}

async function writeScript(file: string, script: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/** The lines of a file; none when there is no file. */
export async function linesOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
