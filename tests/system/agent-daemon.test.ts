import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { present } from "@moult/base";
import type { HardwareType } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AGENT_BUNDLE,
  createLocalDevice,
  type LocalDevice,
} from "../../tools/local/local-agent.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";
import { DeviceServer } from "./device-server.fixture.ts";

const FILE = "/opt/app/program";

let folder: string;
let server: DeviceServer;
let device: LocalDevice;
let agent: LocalProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-agent-system-"));
  server = await new DeviceServer().listen();
  server.checkInSeconds = 1;
  device = await provisionedDevice();
});
afterEach(async () => {
  await agent.kill();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function provisionedDevice(environment: Record<string, string> = {}): Promise<LocalDevice> {
  const made = await createLocalDevice({
    root: join(folder, "device"),
    serial: "A-1",
    environment,
  });
  const provisioning = join(folder, "provisioning.json");
  writeFileSync(provisioning, JSON.stringify(server.provisioning()));
  made.run("provision", provisioning, "--replace");
  return made;
}

const soon = <T>(what: string, question: () => T | undefined): Promise<T> =>
  waitFor(what, question, 30_000, 20).catch((cause: unknown) => {
    throw new Error(`${what}; the agent's log ends with:\n${agent.tail(30)}`, { cause });
  });
const checkIns = (count: number) =>
  soon(`${count} check-ins`, () => (server.checkIns.length >= count ? true : undefined));
const installed = (): string => readFileSync(join(device.root, FILE), "utf8");
const ends = (assignmentId: string) =>
  server.reports.filter(
    (report) => report.assignmentId === assignmentId && report.event.kind === "finished",
  );
const end = (assignmentId: string) =>
  soon("the end of the update", () => ends(assignmentId)[0]?.event);

async function offer(artifactName: string, content: Uint8Array, assignment = {}): Promise<string> {
  const artifact = await singleFileArtifact({ artifactName, destination: FILE, content });
  return server.offer(server.addBlob(artifact), artifactName, assignment);
}

test("a device takes an offered update, tells each step in order, and checks in at once at its end", async () => {
  agent = await device.start();
  await checkIns(1);

  const assignmentId = await offer("2.0", Buffer.from("two"));
  const finished = await end(assignmentId);

  expect(installed()).toBe("two");
  expect(finished).toMatchObject({
    outcome: "succeeded",
    running: { artifactName: "2.0", provides: { artifact_name: "2.0" } },
  });
  const sequences = server.reports.map(({ event }) => event.sequence);
  expect(sequences).toEqual([...new Set(sequences)].toSorted((left, right) => left - right));
  expect(server.reports.map(({ event }) => event.kind)).toContain("installing");
  await soon("a check-in that says what runs now", () =>
    server.checkIns.find(({ running }) => running?.artifactName === "2.0"),
  );
  expect(device.run("show-provides")).toContain("artifact_name=2.0\n");
});

test("an update that cannot be installed leaves what ran, and its log arrives", async () => {
  agent = await device.start();
  await checkIns(1);

  const artifact = await singleFileArtifact({
    artifactName: "2.0",
    destination: FILE,
    content: Buffer.from("two"),
    deviceType: "another-machine",
  });
  // Signed by mistake as one for this machine.
  const custom = { hardwareTypes: ["gw2-rev-a" as HardwareType] };
  const assignmentId = server.offer(server.addBlob(artifact), "2.0", { custom });

  expect(await end(assignmentId)).toMatchObject({
    outcome: "rejected",
    code: "artifact-incompatible",
    running: { artifactName: "unknown" },
  });
  const log = await soon("the log", () => server.logs[0]);
  expect(log.path).toBe(`/device/v1/assignments/${assignmentId}/attempts/1/log`);
  expect(log.text).toContain("artifact-incompatible");
  expect(existsSync(join(device.root, FILE))).toBe(false);
});

test("an agent that is killed again and again goes on, and tells one end that is true", async () => {
  agent = await device.start();
  await checkIns(1);
  for (let round = 1; round <= 4; round += 1) {
    const content = randomBytes(3_000_000);
    const assignmentId = await offer(`${round}.0`, content);
    for (let kills = 0; kills < 4 && ends(assignmentId).length === 0; kills += 1) {
      await sleep(randomInt(50, 700));
      await agent.kill();
      agent = await device.start();
    }
    const finished = await end(assignmentId);
    await soon("a check-in after it", () =>
      server.checkIns.at(-1)?.activity.kind === "idle" ? true : undefined,
    );

    // A kill between the server's answer and its note here makes the device say the same again, and never another thing.
    const told = ends(assignmentId).map(({ event }) => JSON.stringify({ ...event, sequence: 0 }));
    expect([...new Set(told)]).toHaveLength(1);
    const runs = present(finished.kind === "finished" ? finished : undefined, "it is the end");
    expect(await providesSoon()).toContain(`artifact_name=${runs.running.artifactName}\n`);
    if (runs.outcome === "succeeded")
      expect(readFileSync(join(device.root, FILE)).equals(content)).toBe(true);
  }
  const generations = server.checkIns.map(({ generation }) => generation);
  expect(generations).toEqual(generations.toSorted((left, right) => left - right));
});

/** An agent that was started a moment ago may not answer yet. */
function providesSoon(): Promise<string> {
  return soon("the agent to answer", () => {
    try {
      return device.run("show-provides");
    } catch {
      return undefined;
    }
  });
}

test("a download that was cut by a kill goes on from where it was", async () => {
  agent = await device.start();
  await checkIns(1);
  const artifact = await singleFileArtifact({
    artifactName: "2.0",
    destination: FILE,
    content: randomBytes(2_000_000),
  });
  const blob = server.addBlob(artifact);
  let isFirst = true;
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/") || !isFirst) return false;
    isFirst = false;
    response.writeHead(200, { "content-length": artifact.length });
    response.write(artifact.subarray(0, 1_500_000));
    return true;
  };
  const part = join(device.root, "var/lib/moult/downloads", `${blob.sha256}.part`);
  const assignmentId = server.offer(blob, "2.0");
  await soon("half of the download", () =>
    existsSync(part) && readFileSync(part).length > 1_000_000 ? true : undefined,
  );

  await agent.kill();
  agent = await device.start();

  expect(await end(assignmentId)).toMatchObject({ outcome: "succeeded" });
  expect(Number(/bytes=(\d+)-/.exec(server.ranges[0] ?? "")?.[1])).toBeGreaterThan(1_000_000);
});

test("a withdrawn offer is given up before anything is installed", async () => {
  agent = await device.start();
  await checkIns(1);
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    response.writeHead(200).write("slow");
    return true;
  };
  const assignmentId = await offer("2.0", Buffer.from("two"));
  await soon("the download", () =>
    server.requests.some((request) => request.includes("/blobs/")) ? true : undefined,
  );

  server.instruct({ kind: "nothing-to-do" });

  expect(await end(assignmentId)).toMatchObject({ outcome: "aborted", code: "withdrawn" });
});

test("an end that the server forgot is told again instead of installing again", async () => {
  agent = await device.start();
  await checkIns(1);
  const assignmentId = await offer("2.0", Buffer.from("two"));
  await end(assignmentId);
  server.instruct({ kind: "nothing-to-do" });
  const before = server.checkIns.length;
  await checkIns(before + 1);
  const downloads = server.ranges.length;

  server.offer(present(blobOf(server), "the artifact"), "2.0", { assignmentId });

  await soon("the same end again", () => (ends(assignmentId).length > 1 ? true : undefined));
  const [first, second] = ends(assignmentId);
  expect(second?.event).toMatchObject({ outcome: "succeeded" });
  expect(second?.event.sequence).toBeGreaterThan(first?.event.sequence ?? 0);
  expect(server.ranges.length).toBe(downloads);
});

test("a second agent on the same folder does not start, and says why", async () => {
  agent = await device.start();
  await checkIns(1);
  expect(() => device.run("daemon")).toThrow(/Another agent runs on this data folder[^]*pid: \d+/);
});

test("a device waits to be accepted, and its status says so", async () => {
  server.admits = "pending";
  agent = await device.start();
  await soon("the enrolment", () => server.enrollments[0]);
  expect(device.run("status")).toMatch(/Trouble +an operator has not accepted this device yet/);

  server.onlyDevice.state = "accepted";
  await checkIns(1);
  expect(server.enrollments.length).toBeGreaterThan(1);
});

test("a decommissioned device stops asking, says why, and asks again when told to", async () => {
  agent = await device.start();
  await checkIns(1);
  server.onlyDevice.state = "decommissioned";
  const status = await soon("the bad news", () => {
    const now = JSON.parse(device.run("status", "--json")) as {
      device: { state: string };
      link: { trouble: string | null; nextCheckInAt: string };
    };
    const isTold = now.device.state === "decommissioned" && now.link.trouble !== null;
    return isTold ? now : undefined;
  });
  expect(status.link.trouble).toContain("decommissioned");
  expect(Date.parse(status.link.nextCheckInAt) - Date.now()).toBeGreaterThan(3_600_000);

  server.onlyDevice.state = "accepted";
  const before = server.checkIns.length;
  device.run("check");
  await checkIns(before + 1);
});

test("an agent whose log nobody reads any more goes on", async () => {
  agent = await device.start();
  await checkIns(1);
  await agent.stop();
  const unread = spawn(process.execPath, [AGENT_BUNDLE, "daemon", "--root", device.root]);
  try {
    await once(unread.stdout, "data");
    unread.stdout.destroy();
    unread.stderr.destroy();
    await checkIns(server.checkIns.length + 3);
    expect(unread.exitCode).toBeNull();
  } finally {
    unread.kill("SIGKILL");
  }
});

test("a signal makes the device check in now, and another ends it in good order", async () => {
  server.checkInSeconds = 3_600;
  agent = await device.start();
  await checkIns(1);
  await soon("the pause", () => (statusOf().link.nextCheckInAt === null ? undefined : true));

  process.kill(agent.pid, "SIGUSR1");
  await checkIns(2);

  await agent.stop();
  expect(agent.exitCode()).toBe(0);
  expect(statusOf().pid).toBeNull();
  expect(agent.tail()).not.toContain("Debugger");
});

function statusOf() {
  return JSON.parse(device.run("status", "--json")) as {
    pid: number | null;
    link: { nextCheckInAt: string | null };
  };
}

test.each([
  // Everything signed has expired by it: nothing new is begun, and the device says why.
  [
    "five years ahead",
    5 * 365 * 86_400_000,
    { outcome: "rejected", code: "expired" },
    "expired: root",
  ],
  ["in 1970", -56 * 365 * 86_400_000, { outcome: "succeeded" }, "ok"],
])("a device whose clock stands %s goes on and tells it", async (_case, shiftMs, ending, trust) => {
  const shift = join(folder, "shift.mjs");
  writeFileSync(shift, `const now = Date.now; Date.now = () => now() + ${shiftMs};`);
  device = await provisionedDevice({ NODE_OPTIONS: `--import ${pathToFileURL(shift).href}` });
  agent = await device.start();
  await checkIns(1);

  const assignmentId = await offer("2.0", Buffer.from("two"));

  expect(await end(assignmentId)).toMatchObject(ending);
  expect(server.checkIns[0]?.inventory?.["moult.clock"]).toBe(shiftMs < 0 ? "behind" : "ok");
  await soon("how it stands with its trust", () =>
    server.checkIns.find(({ inventory }) => inventory?.["moult.trust"] === trust),
  );
});

test("a person installs an artifact while the agent runs; the device tells its server what it runs", async () => {
  agent = await device.start();
  await checkIns(1);
  const file = join(folder, "3.0.mender");
  const artifact = await singleFileArtifact({
    artifactName: "3.0",
    destination: FILE,
    content: Buffer.from("three"),
  });
  writeFileSync(file, artifact);
  expect(() => device.run("install", file, "--yes")).toThrow(/target-not-signed/);
  expect(existsSync(join(device.root, FILE))).toBe(false);

  const { sha256 } = server.addBlob(artifact);
  server.repository.list(`gw2/prod/3.0/${sha256}.mender`, artifact);
  const metadata = join(folder, "metadata");
  mkdirSync(metadata);
  for (const [name, bytes] of await server.repository.files())
    writeFileSync(join(metadata, name), bytes);

  expect(device.run("install", file, "--yes", "--trust", metadata)).toContain("runs 3.0");

  expect(installed()).toBe("three");
  expect(() => device.run("install", file, "--artifact-key", file)).toThrow(/ended with 2/);
  expect(() => device.run("commit")).toThrow(/ended with 3/);
  await soon("a check-in that says what runs now", () =>
    server.checkIns.find(({ running }) => running?.artifactName === "3.0"),
  );
});

test.each([
  ["provisioning", "etc/moult/provisioning.json"],
  ["key", "var/lib/moult-identity/device-key.pem"],
])("a device with a damaged %s refuses to run and changes nothing", async (_case, path) => {
  agent = await device.start();
  await checkIns(1);
  await agent.stop();
  writeFileSync(join(device.root, path), "damaged");

  expect(() => device.run("daemon")).toThrow(/ended with 1/);

  expect(readFileSync(join(device.root, path), "utf8")).toBe("damaged");
});

function blobOf(from: DeviceServer) {
  const [entry] = from.blobs;
  return entry === undefined ? undefined : { sha256: entry[0], sizeBytes: entry[1].length };
}
