import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import type { AssignmentEvent, Provisioning } from "@moult/device-protocol";
import type { DeviceServer, Offer } from "../../../../tests/system/device-server.fixture.ts";
import { singleFileArtifact } from "../../../../tests/system/agent-artifact.fixture.ts";
import { waitFor } from "../../../../tools/local/local-process.ts";
import { loadConfig, type LoadedConfig } from "../config.ts";
import { createControlClient, type ControlClient } from "../control/control-client.ts";
import { installProvisioning } from "../identity/read-provisioning.ts";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { runDaemon } from "./run-daemon.ts";

export type Finished = Extract<AssignmentEvent, { kind: "finished" }>;

export interface DaemonFixtureOptions {
  /** Of an earlier one: the same device. */
  readonly root?: string;
  readonly provisioning?: Partial<Provisioning>;
  readonly config?: object;
}

/** A whole device in this process: its daemon on a folder of its own, provisioned for `server`. */
export async function aDaemon(server: DeviceServer, options: DaemonFixtureOptions = {}) {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "moult-daemon-")));
  const log = recordingLog();
  const configFile = join(root, "agent.json");
  await writeFile(
    configFile,
    JSON.stringify({
      identity: { attributes: { serial: "A-1" } },
      checkIn: { secondsMin: 1, secondsMax: 1 },
      updates: { confirmTimeoutSeconds: 4 },
      http: { timeoutSeconds: 2 },
      ...options.config,
    }),
  );
  const loaded = await loadConfig({ root, configFile });
  const content = Buffer.from(JSON.stringify(server.provisioning(options.provisioning)));
  if (options.root === undefined) {
    await mkdir(join(root, "etc/moult"), { recursive: true });
    await installProvisioning({ path: "test", content }, loaded.folders, false);
  }
  let running = await started(loaded, log);
  const device = {
    root,
    log,
    folders: loaded.folders,
    control: createControlClient(loaded.folders.dataDir) as ControlClient,
    checkIn: () => running.checkInNow(),
    stop: () => running.stop(),
    restart: async () => {
      await running.stop();
      running = await started(loaded, log);
    },
    close: async () => {
      await running.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
  return device;
}

export type DaemonFixture = Awaited<ReturnType<typeof aDaemon>>;

async function started(loaded: LoadedConfig, log: ReturnType<typeof recordingLog>) {
  const stop = new AbortController();
  let checkInNow: (() => void) | undefined;
  const ended = runDaemon({
    loaded,
    random: seededRandom(1),
    log,
    stop: stop.signal,
    restart: () => stop.abort(new Error("to be started again")),
    onReady: (wake) => {
      checkInNow = wake;
    },
  });
  await Promise.race([
    ended,
    waitFor("the agent's start", () => (checkInNow === undefined ? undefined : true), 10_000, 5),
  ]);
  return {
    checkInNow: () => checkInNow?.(),
    stop: async () => {
      stop.abort(new Error("stop"));
      await ended;
    },
  };
}

/** A file that an update puts to /opt/program below the device's root. */
export const programArtifact = (artifactName: string, content = artifactName): Promise<Buffer> =>
  singleFileArtifact({
    artifactName,
    destination: "/opt/program",
    content: Buffer.from(content),
  });

/** Offers a release to the device and waits for its end, as the server hears of it. */
export async function update(
  server: DeviceServer,
  device: DaemonFixture,
  artifactName: string,
  { artifact, ...offer }: Offer & { readonly artifact?: Buffer } = {},
): Promise<Finished> {
  const content = artifact ?? (await programArtifact(artifactName));
  const assignmentId = server.offer(server.addBlob(content), artifactName, offer);
  device.checkIn();
  return ended(server, assignmentId);
}

/** How an assignment ended, as a server heard of it. */
export async function ended(
  server: DeviceServer,
  assignmentId: string,
  attempt = 1,
): Promise<Finished> {
  const found = await waitFor(
    "the end of the update",
    () =>
      server.reports.find(
        (report) =>
          report.assignmentId === assignmentId &&
          report.attempt === attempt &&
          report.event.kind === "finished",
      )?.event,
    20_000,
    10,
  );
  return present(found.kind === "finished" ? found : undefined, "it has finished");
}

export { waitFor };
