import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { agentStatus, statusText } from "../daemon/agent-status.ts";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { createControlClient } from "./control-client.ts";
import {
  startControlServer,
  type ControlServer,
  type ControlServerDeps,
} from "./control-server.ts";

let dataDir: string;
let control: ControlServer | undefined;
let checkIns: number;
const installed: object[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "moult-control-"));
  checkIns = 0;
  installed.length = 0;
});
afterEach(async () => {
  await control?.close();
  control = undefined;
  await rm(dataDir, { recursive: true, force: true });
});

const decision = {
  kind: "awaiting-decision",
  rebootNeeded: true,
  artifactName: "2.0",
  expiredRole: "timestamp",
} as const;

const status = agentStatus({
  process: { pid: 17, startedAtMs: 0 },
  serverUrl: "https://updates.example.com",
  keyFingerprint: null,
  link: null,
  health: null,
  isFresh: true,
  nextCheckInAtMs: null,
  nowMs: 0 as never,
  trust: { standing: "ok", rootVersion: 3, securityCounter: 2, troubles: ["/boot: EROFS"] },
  running: { artifactName: "1.0", provides: {} },
  state: null,
  reportsWaiting: 2,
});

async function start(overrides: Partial<ControlServerDeps> = {}): Promise<void> {
  control = await startControlServer({
    dataDir,
    runner: {
      installFile: async (file, options) => {
        installed.push({ file, ...options });
        return { ...decision };
      },
      commit: async () => ({ kind: "nothing-to-decide" }),
      rollBack: async () => ({ kind: "busy" }),
      consent: async (isYes) =>
        isYes ? { kind: "taken", before: "install" } : { kind: "nothing-to-decide" },
    },
    status: () => status,
    checkInNow: () => void (checkIns += 1),
    log: recordingLog(),
    ...overrides,
  });
}

test("the commands reach the daemon of their folder and get its answers", async () => {
  await start();
  const client = createControlClient(dataDir);

  expect(await client.status()).toEqual(status);
  await client.checkIn();
  expect(checkIns).toBe(1);
  const command = { file: "/usb/a.mender", isUnsignedAllowed: true, metadataDir: "/usb/trust" };
  expect(await client.install(command)).toEqual(decision);
  expect(installed).toEqual([command]);
  expect(await client.commit()).toEqual({ kind: "nothing-to-decide" });
  expect(await client.rollBack()).toEqual({ kind: "busy" });
  expect(await client.consent({ isYes: true })).toEqual({ kind: "taken", before: "install" });
  expect(await client.consent({ isYes: false })).toEqual({ kind: "nothing-to-decide" });
});

test("nobody else on the machine can open the socket", async () => {
  await start();
  expect((await stat(join(dataDir, "agent.sock"))).mode & 0o777).toBe(0o600);
});

test("a folder deep in a tree works like any other", async () => {
  dataDir = join(dataDir, ...Array<string>(12).fill("a-folder-with-a-name"));
  await mkdir(dataDir, { recursive: true });
  await start();
  expect(await createControlClient(dataDir).status()).toEqual(status);
});

test("a socket that a killed daemon left behind is replaced", async () => {
  await start();
  const left = control;
  await start();
  expect(await createControlClient(dataDir).status()).toEqual(status);
  await left?.close();
});

test("without a daemon the commands say so", async () => {
  await expect(createControlClient(dataDir).status()).rejects.toMatchObject({
    code: "daemon-unreachable",
  });
  await expect(createControlClient(join(dataDir, "none")).status()).rejects.toMatchObject({
    code: "daemon-unreachable",
  });
});

test.each([
  ["an unknown command", { method: "GET", path: "/shutdown" }, ""],
  ["an installation without a path", { method: "POST", path: "/install" }, "{}"],
  [
    "an installation of a relative path",
    { method: "POST", path: "/install" },
    '{"file":"a.mender"}',
  ],
  [
    "an answer that is neither yes nor no",
    { method: "POST", path: "/consent" },
    '{"isYes":"maybe"}',
  ],
  ["a command that never ends", { method: "POST", path: "/install" }, "x".repeat(20_000)],
])("%s is refused", async (_case, request, body) => {
  await start();
  const statusCode = await new Promise<number | undefined>((resolve, reject) => {
    const socketPath = join(dataDir, "agent.sock");
    const call = http.request({ socketPath, ...request }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.once("error", reject);
    call.end(body);
  });
  expect(statusCode).toBe(400);
  expect(installed).toEqual([]);
});

test("a folder that cannot be written is a clear error", async () => {
  await rm(dataDir, { recursive: true });
  await expect(start()).rejects.toMatchObject({ code: "file-failed" });
});

test("the status of a device that is well is short, and names what waits", () => {
  expect(statusText(status).split("\n")).toEqual([
    "Agent            0.1.0, process 17",
    "Server           https://updates.example.com",
    "Device           unknown",
    "Trust            root version 3, security counter 2",
    "Trust trouble    /boot: EROFS",
    "Runs             1.0",
    "Update           none",
    "Reports waiting  2",
  ]);
});
