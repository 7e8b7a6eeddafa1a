import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { payloadFileFromBytes, prepareArtifact, type ArtifactDescription } from "@moult/artifact";
import { AssignmentId } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";

// The agent's update runner in a process of its own, with its root on a file system of twelve megabytes.

const AGENT = fileURLToPath(
  new URL("../../apps/agent/src/update-runner/killable-agent.fixture.ts", import.meta.url),
);
const MIB = 1024 * 1024;

let folder: string;
let disk: string;
let port: number;
/** The running one, if any. */
const agents: ChildProcess[] = [];
let attempts = 0;

beforeEach(async () => {
  if (process.getuid?.() !== 0)
    throw new Error("this test mounts a small file system, which only root may do");
  folder = await mkdtemp(join(tmpdir(), "moult-disk-"));
  disk = join(folder, "disk");
  await mkdir(disk);
  run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk);
  port = await freePort();
});

afterEach(async () => {
  await stopAgent();
  run("umount", disk);
  await rm(folder, { recursive: true, force: true });
});

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}

async function stopAgent(): Promise<void> {
  for (const agent of agents.splice(0)) {
    const ended = new Promise((resolve) => agent.once("exit", resolve));
    agent.kill("SIGTERM");
    await ended;
  }
}

const SERVER = `
  import { createServer } from "node:http";
  import { readFileSync } from "node:fs";
  const version = readFileSync("VERSION", "utf8");
  createServer((_, response) => response.end(version)).listen(process.env.TEST_APP_PORT, "127.0.0.1");
`;

interface Offered {
  readonly file: string;
  readonly offer: Record<string, unknown>;
}

function anApp(version: string, ballast: Uint8Array = new Uint8Array()): Promise<Offered> {
  return offered(`demo-${version}`, {
    type: "app",
    files: [
      payloadFileFromBytes("VERSION", Buffer.from(version)),
      payloadFileFromBytes("server.mjs", Buffer.from(SERVER)),
      payloadFileFromBytes("ballast", ballast),
    ],
    metaData: {
      name: "demo",
      command: [process.execPath, "server.mjs"],
      health: {
        kind: "http",
        url: "http://127.0.0.1:${TEST_APP_PORT}/",
        timeoutSeconds: 10,
        intervalSeconds: 0.05,
      },
    },
  });
}

async function offered(
  name: string,
  payload: ArtifactDescription["payloads"][number],
): Promise<Offered> {
  const artifact = await prepareArtifact({
    artifactName: name,
    deviceTypes: ["gw2"],
    payloads: [payload],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.bytes()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const file = join(folder, `${name}.mender`);
  await writeFile(file, bytes);
  attempts += 1;
  const offer = {
    kind: "assignment",
    assignmentId: AssignmentId.parse(
      `00000000-0000-4000-8000-${String(attempts).padStart(12, "0")}`,
    ),
    deploymentId: "a3f0a9be-1a7c-4e0b-8b40-0d8a0f3f0b22",
    attempt: 1,
    artifactName: name,
    path: `gw2/prod/${name}.mender`,
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
  return { file, offer };
}

/** Starts the agent with an offer and waits until it has settled; how the offer ended. */
async function update(app: Offered): Promise<Record<string, unknown>> {
  await stopAgent();
  const settings = { root: disk, port, boot: 1, artifactFile: app.file, offer: app.offer };
  const started = spawn(process.execPath, [AGENT, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  agents.push(started);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    started.once("exit", () => reject(new Error(`the agent ended: ${lines.join("\n")}`)));
    createInterface({ input: started.stdout }).on("line", (line) => {
      lines.push(line);
      if (line === "settled") resolve();
    });
  });
  const reports = (await readFile(join(disk, "reports.jsonl"), "utf8")).trimEnd().split("\n");
  const last = reports.at(-1) ?? "";
  expect(last).toContain(String(app.offer["assignmentId"]));
  return JSON.parse(last.slice(last.indexOf(" "))) as Record<string, unknown>;
}

async function expectOldVersionRuns(): Promise<void> {
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${port}/`)).text(), { timeout: 10_000 })
    .toBe("1.0");
  const data = join(disk, "var/lib/moult");
  expect(await readdir(data)).not.toContain("downloads");
  expect(await readdir(join(data, "modules/v3/payloads/0000")).catch(() => [])).toEqual([]);
  expect(await readdir(join(data, "apps/demo/releases"))).toEqual([
    expect.stringMatching(/^demo-1\.0-/),
  ]);
}

test("an artifact that does not fit on the disk fails as disk-full, and the old version runs on", async () => {
  expect(await update(await anApp("1.0"))).toMatchObject({ outcome: "succeeded" });

  const report = await update(await anApp("2.0", randomBytes(20 * MIB)));
  expect(report).toMatchObject({ kind: "finished", outcome: "failed", code: "disk-full" });
  await expectOldVersionRuns();
});

test("a payload that fits only as long as it is compressed fails as disk-full, and the old version runs on", async () => {
  expect(await update(await anApp("1.0"))).toMatchObject({ outcome: "succeeded" });

  const report = await update(await anApp("2.0", new Uint8Array(30 * MIB)));
  expect(report).toMatchObject({ kind: "finished", outcome: "failed", code: "disk-full" });
  await expectOldVersionRuns();
});

test("on a disk without one free byte the agent still says disk-full, and updates once there is room", async () => {
  expect(await update(await anApp("1.0"))).toMatchObject({ outcome: "succeeded" });
  // The queue of the reports is the server link's; its file has room of its own here.
  await writeFile(join(disk, "reports.jsonl"), "", { flag: "a" });
  const filler = join(disk, "filler");
  await fillDisk(filler);

  const report = await update(await anApp("2.0"));
  expect(report).toMatchObject({ kind: "finished", outcome: "failed", code: "disk-full" });
  await expectOldVersionRuns();

  await rm(filler);
  expect(await update(await anApp("3.0"))).toMatchObject({ outcome: "succeeded" });
});

test.each(["Download", "ArtifactInstall", "ArtifactCommit"])(
  "a module that fills the disk in its %s is taken back, and its leavings are gone",
  async (state) => {
    expect(await update(await anApp("1.0"))).toMatchObject({ outcome: "succeeded" });
    const modules = join(disk, "usr/share/moult/modules/v3");
    await mkdir(modules, { recursive: true });
    await writeFile(
      join(modules, "greedy"),
      `#!/bin/sh
      [ "$1" = SupportsRollback ] && echo Yes
      [ "$1" != ${state} ] || dd if=/dev/zero of=tmp/all bs=64k 2>&1
      `,
      { mode: 0o755 },
    );
    const files = [payloadFileFromBytes("payload", Buffer.from("data"))];

    const report = await update(await offered("greedy-2", { type: "greedy", files }));

    expect(report).toMatchObject({
      kind: "finished",
      outcome: state === "Download" ? "failed" : "rolled-back",
      code: state === "ArtifactCommit" ? "commit-failed" : "install-failed",
    });
    await expectOldVersionRuns();
    expect(await update(await anApp("3.0"))).toMatchObject({ outcome: "succeeded" });
  },
);

/** Writes zeros until nothing fits any more. */
async function fillDisk(filler: string): Promise<void> {
  const file = await open(filler, "w");
  try {
    for (;;) await file.write(new Uint8Array(4_096));
  } catch (cause) {
    expect(cause).toMatchObject({ code: "ENOSPC" });
  } finally {
    await file.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}
