import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import { STEP_MARK } from "./create-update-runner.ts";
import {
  PATIENT,
  aDevice,
  buildArtifact,
  linesOf,
  offerOf,
  pathsUnder,
  type BuiltArtifact,
  type DeviceOptions,
  type TestDevice,
} from "./device.fixture.ts";
import type { KillableAgent } from "./killable-agent.fixture.ts";

// What an agent meets that nobody meant to give it: it ends on what ran before, or on what is new and whole, and says which.

let device: TestDevice | undefined;

const start = async (options?: DeviceOptions): Promise<TestDevice> => {
  device = await aDevice(options);
  return device;
};

afterEach(async () => {
  if (device !== undefined) {
    await killMarkedProcesses(STEP_MARK, device.paths.dataDir);
    await device.close();
  }
  device = undefined;
});

const confFile = (content: string | Uint8Array): Promise<BuiltArtifact> =>
  buildArtifact({
    name: "conf-2",
    type: "single-file",
    files: { dest_dir: "/opt\n", filename: "conf\n", conf: content },
  });

const moduleArtifact = (type: string): Promise<BuiltArtifact> =>
  buildArtifact({ name: "new-2", type, files: { payload: "data" } });

/** Changes one byte in the middle of the file in a folder that is big enough to be the artifact. */
function flipByte(folder: string): void {
  const [name = ""] = readdirSync(folder);
  const file = join(folder, name);
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test("a file that rots on the disk between its download and its unpacking is rejected", async () => {
  const made = await start();
  const unsubscribe = made.runner.onChange(({ kind }) => {
    if (kind === "unpacking") flipByte(join(made.paths.dataDir, "downloads"));
  });
  await made.update(await confFile("new ".repeat(50_000)));
  unsubscribe();

  expect(made.finished()).toMatchObject({ outcome: "rejected" });
  expect(made.runner.running().artifactName).toBe("factory-1");
  expect(existsSync(join(made.root, "opt/conf"))).toBe(false);
  // The next try fetches it anew.
  await made.update(await confFile("new"));
  expect(made.finished()).toMatchObject({ outcome: "succeeded" });
});

describe("an update module that", () => {
  test("prints megabytes of rubbish where one word is asked for is refused with the beginning of it", async () => {
    const made = await start();
    await made.writeModule(
      "loud",
      `[ "$1" = SupportsRollback ] && head -c 3000000 /dev/urandom | tr -d '\\000' ; exit 0`,
    );

    const report = await made.update(await moduleArtifact("loud"));

    expect(report).toMatchObject({ outcome: "failed", code: "install-failed" });
    expect(report).toMatchObject({ detail: expect.stringMatching(/answered SupportsRollback/) });
    expect(made.runner.running().artifactName).toBe("factory-1");
  });

  test("prints rubbish without end is ended, and its log stays within its bound", async () => {
    const made = await start({ limits: { moduleTimeoutMs: 1_500 } });
    await made.writeModule("endless", `[ "$1" = ArtifactInstall ] && exec yes rubbish; exit 0`);

    const report = await made.update(await moduleArtifact("endless"));

    expect(report).toMatchObject({ outcome: "failed", code: "install-failed" });
    const [name = ""] = await readdir(join(made.paths.dataDir, "logs"));
    const log = await readFile(join(made.paths.dataDir, "logs", name));
    expect(log.length).toBeLessThanOrEqual(1024 * 1024);
    expect(log.toString()).toContain("took longer than 1.5 seconds");
  });

  test("leaves daemons behind that hold its output does not hold up the update", async () => {
    const made = await start();
    await made.writeModule(
      "forking",
      `[ "$1" = ArtifactInstall ] || exit 0
       for i in 1 2 3 4 5; do setsid sh -c 'echo $$ >> "${made.root}/daemons"; exec sleep 600' & done
       wait_for() { while [ "$(wc -l < "${made.root}/daemons" 2>/dev/null || echo 0)" -lt 5 ]; do :; done; }
       wait_for`,
    );

    const report = await made.update(await moduleArtifact("forking"));

    expect(report).toMatchObject({ outcome: "succeeded" });
    // Services that it started are its own business: they outlive it.
    for (const pid of await linesOf(join(made.root, "daemons")))
      expect(process.kill(Number(pid), 0)).toBe(true);
  });

  test("hangs with children in sessions of their own leaves none of them once it is rolled back", async () => {
    const made = await start({
      limits: { moduleTimeoutMs: 500, killAfterMs: 100 },
    });
    await made.writeModule(
      "stubborn",
      `case "$1" in
         SupportsRollback) echo Yes ;;
         ArtifactInstall)
           trap '' TERM
           setsid sh -c 'trap "" TERM; while :; do echo on >> "${made.root}/beats"; sleep 0.05; done' &
           while :; do sleep 0.05; done ;;
       esac`,
    );

    const report = await made.update(await moduleArtifact("stubborn"));
    expect(report).toMatchObject({ outcome: "rolled-back", code: "install-failed" });

    expect(await killMarkedProcesses(STEP_MARK, made.paths.dataDir)).toBe(0);
    await made.restart();
  });

  test.each([
    // Whether the old software runs is not known.
    ["ArtifactRollback", { outcome: "failed", code: "state-loop" }, "new-2_INCONSISTENT"],
    // The way back was found and verified; what goes in circles is the telling of it.
    ["ArtifactFailure", { outcome: "rolled-back", code: "install-failed" }, "factory-1"],
  ])(
    "ends its agent in every %s is given up after a bounded number of starts",
    async (state, ending, runs) => {
      const made = await start();
      const tries = async (): Promise<number> => (await linesOf(join(made.root, "tries"))).length;
      await made.writeModule(
        "looping",
        `case "$1" in
           SupportsRollback) echo Yes ;;
           ArtifactInstall) exit 1 ;;
           ${state}) echo again >> "${made.root}/tries"; exec sleep 600 ;;
         esac`,
      );
      const artifact = await moduleArtifact("looping");
      made.server.artifacts.set(artifact.sha256, artifact.bytes);
      await made.runner.offer(offerOf(artifact));
      const isOver = (): boolean => made.runner.state().kind === "idle";
      for (let starts = 1; starts < 40 && !isOver(); starts += 1) {
        await expect
          .poll(async () => isOver() || (await tries()) === starts, { ...PATIENT, interval: 10 })
          .toBe(true);
        if (!isOver()) await made.restart(starts + 1);
      }

      expect(await tries()).toBeGreaterThan(5);
      expect(await tries()).toBeLessThan(28);
      expect(made.finished()).toMatchObject(ending);
      expect(made.runner.running().artifactName).toBe(runs);
      // It is not the end of this device.
      expect(await made.update(await confFile("new"))).toMatchObject({ outcome: "succeeded" });
    },
  );
});

describe("a server that takes its offer back", () => {
  // Which call of a module is under way when it does, and what comes of the update.
  test.each([
    ["ProvidePayloadFileSizes", "aborted", "factory-1"],
    ["Download", "aborted", "factory-1"],
    ["SupportsRollback", "aborted", "factory-1"],
    ["ArtifactInstall", "succeeded", "new-2"],
    ["NeedsArtifactReboot", "succeeded", "new-2"],
    ["ArtifactReboot", "succeeded", "new-2"],
    ["ArtifactVerifyReboot", "succeeded", "new-2"],
    ["ArtifactCommit", "succeeded", "new-2"],
    ["Cleanup", "succeeded", "new-2"],
  ])("during %s: the update has %s", async (state, outcome, runs) => {
    const made = await start();
    await made.writeModule(
      "waits",
      `[ "$1" = "${state}" ] && { : > "${made.root}/there"; until [ -e "${made.root}/go" ]; do sleep 0.02; done; }
       case "$1" in SupportsRollback) echo Yes ;; NeedsArtifactReboot) echo Yes ;; esac
       exit 0`,
    );
    const artifact = await moduleArtifact("waits");
    made.server.artifacts.set(artifact.sha256, artifact.bytes);
    await made.runner.offer(offerOf(artifact));
    await expect.poll(() => existsSync(join(made.root, "there")), PATIENT).toBe(true);

    await made.runner.withdraw();
    await writeFile(join(made.root, "go"), "");
    await made.runner.idle();

    expect(made.finished()).toMatchObject({ outcome });
    expect(made.runner.running().artifactName).toBe(runs);
  });
});

describe("a disk that refuses a write in the middle of a file", () => {
  const AGENT = fileURLToPath(new URL("./killable-agent.fixture.ts", import.meta.url));
  let root: string;

  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  /** An agent none of whose files may grow beyond so many blocks of 512 bytes; the write that would is refused (EFBIG). */
  async function updateWithin(blocks: number, artifact: BuiltArtifact): Promise<unknown> {
    const artifactFile = join(root, "artifact.mender");
    await writeFile(artifactFile, artifact.bytes);
    const settings: KillableAgent = {
      root,
      port: 1,
      boot: 1,
      artifactFile,
      offer: offerOf(artifact),
    };
    const command = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`;
    const args = ["-c", command, process.execPath, AGENT, JSON.stringify(settings)];
    const agent = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(agent, "exit");
    for await (const line of createInterface({ input: agent.stdout }))
      if (line === "settled") break;
    agent.kill("SIGTERM");
    await ended;
    const last = (await linesOf(join(root, "reports.jsonl"))).at(-1) ?? "";
    return JSON.parse(last.slice(last.indexOf(" ")));
  }

  test.each([
    // The artifact itself does not fit.
    ["while it is downloaded", randomBytes(200_000)],
    // Zeros are small as long as they are packed.
    ["while it is unpacked", new Uint8Array(400_000)],
  ])("%s fails, and the old file stays whole", async (when, content) => {
    root = await mkdtemp(join(tmpdir(), "moult-refused-"));
    const { dataDir } = pathsUnder(root);
    await mkdir(join(root, "opt"));
    await writeFile(join(root, "opt/conf"), "old");
    const isDownload = when.includes("downloaded");

    const report = await updateWithin(64, await confFile(content));

    expect(report).toMatchObject({
      outcome: "failed",
      code: isDownload ? "download-failed" : "install-failed",
      detail: expect.stringMatching(/EFBIG|too large/),
    });
    expect(await readFile(join(root, "opt/conf"), "utf8")).toBe("old");
    expect(await readdir(dataDir)).not.toContain("downloads");
  });
});
