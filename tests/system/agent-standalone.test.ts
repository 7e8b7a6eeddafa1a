import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  payloadFileFromBytes,
  prepareArtifact,
  type ArtifactDescription,
  type JsonObject,
} from "@moult/artifact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AGENT_BUNDLE, createLocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { DeviceServer } from "./device-server.fixture.ts";

// A person with a file, or a stick that cannot be written to, and no server.

let folder: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-standalone-"));
  root = join(folder, "device");
  mkdirSync(root);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY_SIGNED = ["--allow-unsigned", "--device-type", "gw2-rev-a"];

function agent(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [AGENT_BUNDLE, "--root", root, ...args],
    { encoding: "utf8" },
  );
  return { status, text: stdout + stderr };
}

function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const from = mkdtempSync(join(folder, "tar-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(from, name), content);
  return spawnSync("tar", ["-C", from, "-cf", "-", ...Object.keys(files)]).stdout;
}

type Payload = ArtifactDescription["payloads"][number];

async function artifactFile(name: string, payload: Payload, into = folder): Promise<string> {
  const prepared = await prepareArtifact({
    artifactName: name,
    deviceTypes: ["gw2-rev-a"],
    payloads: [payload],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  const file = join(into, `${name}.mender`);
  writeFileSync(file, Buffer.concat(chunks));
  return file;
}

const filesOf = (files: Readonly<Record<string, string | Uint8Array>>) =>
  Object.entries(files).map(([name, content]) => payloadFileFromBytes(name, Buffer.from(content)));

const singleFile = (content: string): Payload => ({
  type: "single-file",
  files: filesOf({ dest_dir: "/opt\n", filename: "conf\n", permissions: "644\n", conf: content }),
});

const ALIVE: JsonObject = {
  name: "demo",
  command: ["sleep", "600"],
  health: { kind: "alive", seconds: 0.2 },
};

/** How a version of each kind is made, and how the one that is installed is told. */
const KINDS: Readonly<
  Record<string, readonly [make: (version: string) => Promise<Payload>, look: () => string]>
> = {
  "single-file": [
    (version) => Promise.resolve(singleFile(version)),
    () => readFileSync(join(root, "opt/conf"), "utf8"),
  ],
  directory: [
    async (version) => ({
      type: "directory",
      files: filesOf({ dest_dir: "/srv/web\n", "update.tar": tarOf({ index: version }) }),
    }),
    () => readFileSync(join(root, "srv/web/index"), "utf8"),
  ],
  app: [
    async (version) => ({
      type: "app",
      files: filesOf({ "app.tar": tarOf({ VERSION: version }) }),
      metaData: ALIVE,
    }),
    () => {
      const app = join(root, "var/lib/moult/apps/demo");
      return readFileSync(join(app, readlinkSync(join(app, "current")), "VERSION"), "utf8");
    },
  ],
  module: [
    (version) => Promise.resolve({ type: "keeper", files: filesOf({ version }) }),
    () => readFileSync(join(root, "kept"), "utf8"),
  ],
  "rebooting-module": [
    (version) => Promise.resolve({ type: "rebooting-keeper", files: filesOf({ version }) }),
    () => readFileSync(join(root, "kept"), "utf8"),
  ],
};

/** A module that keeps one file and can put the old one back; `park` is a state in which it waits for its end, once. */
function writeModule(name: string, reboot: string, park = ""): void {
  const modules = join(root, "usr/share/moult/modules/v3");
  mkdirSync(modules, { recursive: true });
  writeFileSync(
    join(modules, name),
    `#!/bin/sh
    echo "$1" >> "${root}/calls"
    [ "$1" != "${park}" ] || [ -e "${root}/parked" ] || { : > "${root}/parked"; exec sleep 600; }
    case "$1" in
      SupportsRollback) echo Yes ;;
      NeedsArtifactReboot) echo ${reboot} ;;
      ArtifactInstall)
        [ ! -e "${root}/kept" ] || [ -e tmp/old ] || cp "${root}/kept" tmp/old
        cp files/version "${root}/kept" ;;
      ArtifactRollback) [ ! -e tmp/old ] || cp tmp/old "${root}/kept" ;;
    esac
    exit 0
    `,
    { mode: 0o755 },
  );
}

const calls = (): readonly string[] =>
  readFileSync(join(root, "calls"), "utf8").trimEnd().split("\n");

/** A stick that is mounted read-only, which only root may do. */
async function withStick(run: (stick: string) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("this test mounts a file system");
  const stick = join(folder, "stick");
  mkdirSync(stick);
  mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", stick);
  try {
    await run(stick);
  } finally {
    spawnSync("umount", [stick]);
  }
}

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  expect(status, stderr).toBe(0);
}

test.each(Object.entries(KINDS))(
  "a %s is installed from a read-only stick, taken back, installed again and committed",
  async (kind, [make, look]) => {
    writeModule("keeper", "No");
    writeModule("rebooting-keeper", "Automatic");
    await withStick(async (stick) => {
      const one = await artifactFile("one-1", await make("one"), stick);
      const two = await artifactFile("two-2", await make("two"), stick);
      mount("-o", "remount,ro", stick);
      // A person reboots when it suits; the agent does not.
      const installedStatus = kind === "rebooting-module" ? 4 : 0;

      expect(agent("install", one, ...NOBODY_SIGNED).status).toBe(installedStatus);
      expect(agent("commit").status).toBe(0);
      expect(look()).toBe("one");

      expect(agent("install", two, ...NOBODY_SIGNED)).toMatchObject({ status: installedStatus });
      expect(look()).toBe("two");
      expect(agent("rollback").text).toContain(
        kind === "rebooting-module" ? "reboot to return to one-1" : "runs one-1",
      );
      expect(look()).toBe("one");

      expect(agent("install", two, ...NOBODY_SIGNED).status).toBe(installedStatus);
      expect(agent("commit").text).toContain("runs two-2");
      expect(look()).toBe("two");
      expect(agent("commit").status).toBe(3);
    });
    if (kind.endsWith("module")) {
      const reboots = calls().filter((call) => call.endsWith("Reboot"));
      expect(new Set(reboots)).toEqual(new Set(["NeedsArtifactReboot"]));
    }
  },
);

describe("power that is lost without a server", () => {
  const TAKEN_BACK = ["ArtifactRollback", "NeedsArtifactReboot", "ArtifactFailure", "Cleanup"];

  /** Kills a command while its module waits in the state that it parks in. */
  async function killedIn(...args: readonly string[]): Promise<void> {
    const command = spawn(process.execPath, [AGENT_BUNDLE, "--root", root, ...args], {
      stdio: "ignore",
    });
    const ended = once(command, "exit");
    await waitFor("the state", () => (existsSync(join(root, "parked")) ? true : undefined), 30_000);
    command.kill("SIGKILL");
    await ended;
  }

  test.each([
    // What was under way, where power went, what runs when a person looks again, and what is called by then.
    ["install", "Download", "one", ["Cleanup"]],
    ["install", "ArtifactInstall", "one", TAKEN_BACK],
    ["install", "NeedsArtifactReboot", "one", TAKEN_BACK],
    ["commit", "ArtifactCommit", "one", TAKEN_BACK],
    ["commit", "Cleanup", "two", ["Cleanup"]],
    ["rollback", "ArtifactRollback", "one", TAKEN_BACK],
    ["rollback", "ArtifactFailure", "one", ["ArtifactFailure", "Cleanup"]],
    ["rollback", "Cleanup", "one", ["Cleanup"]],
  ])("during %s in %s leaves %s, whole, at the next command", async (doing, state, runs, then) => {
    const [make, look] = KINDS["module"] ?? [];
    if (make === undefined || look === undefined) throw new Error("there is a module");
    writeModule("keeper", "No");
    const one = await artifactFile("one-1", await make("one"));
    const two = await artifactFile("two-2", await make("two"));
    agent("install", one, ...NOBODY_SIGNED, "--yes");
    expect(look()).toBe("one");

    writeModule("keeper", "No", state);
    if (doing === "install") await killedIn("install", two, ...NOBODY_SIGNED);
    else {
      expect(agent("install", two, ...NOBODY_SIGNED).status).toBe(0);
      await killedIn(doing);
    }
    const before = calls().length;

    // There is nothing to decide: what was interrupted has come to its end first.
    const next = agent("commit");
    expect(next.status).toBe(3);
    expect(calls().slice(before)).toEqual(then);
    expect(look()).toBe(runs);
    expect(agent("show-provides").text).toContain(`artifact_name=${runs}-`);
    // And the device goes on.
    expect(agent("install", two, ...NOBODY_SIGNED, "--yes").status).toBe(0);
    expect(look()).toBe("two");
  });

  test("while it waits for a decision changes nothing", async () => {
    writeModule("keeper", "No");
    const file = await artifactFile("two-2", singleFile("two"));
    expect(agent("install", file, ...NOBODY_SIGNED).status).toBe(0);

    expect(agent("install", file, ...NOBODY_SIGNED).text).toContain("already under way");
    expect(agent("commit").text).toContain("runs two-2");
  });
});

test("what a person installed before there was a server, and what they have yet to decide, reach it", async () => {
  const before = await artifactFile("two-2", singleFile("two"));
  expect(agent("install", before, ...NOBODY_SIGNED, "--yes").status).toBe(0);
  const server = await new DeviceServer().listen();
  server.checkInSeconds = 1;
  const device = await createLocalDevice({ root, serial: "A-1" });
  const provisioning = join(folder, "provisioning.json");
  writeFileSync(provisioning, JSON.stringify(server.provisioning()));
  device.run("provision", provisioning);
  const daemon = await device.start();
  const soon = <T>(what: string, question: () => T | undefined): Promise<T> =>
    waitFor(what, question, 30_000, 20);
  const lastInventory = () =>
    server.checkIns.findLast(({ inventory }) => inventory !== undefined)?.inventory;
  try {
    const first = await soon("a first check-in", () => server.checkIns[0]);
    expect(first.running?.artifactName).toBe("two-2");
    expect(first.inventory).toMatchObject({ "moult.installed-from": "file" });

    const file = await artifactFile("three-3", singleFile("three"));
    device.run("install", file, "--allow-unsigned");
    await soon("that somebody has to decide", () =>
      lastInventory()?.["moult.undecided"] === "three-3" ? true : undefined,
    );
    // Offered all the same, by a server that does not listen: it waits.
    const offered = readFileSync(await artifactFile("four-4", singleFile("four")));
    const assignmentId = server.offer(server.addBlob(offered), "four-4");
    const seen = server.checkIns.length;
    await soon("two more check-ins", () => (server.checkIns.length > seen + 2 ? true : undefined));
    expect(server.reports).toEqual([]);
    expect(readFileSync(join(root, "opt/conf"), "utf8")).toBe("three");

    device.run("commit");
    await soon("the end of what was offered", () =>
      server.reports.find(
        (report) => report.assignmentId === assignmentId && report.event.kind === "finished",
      ),
    );
    expect(readFileSync(join(root, "opt/conf"), "utf8")).toBe("four");
    await soon("that nobody has to decide", () => {
      const now = lastInventory() ?? {};
      return "moult.undecided" in now || "moult.installed-from" in now ? undefined : true;
    });
  } finally {
    await daemon.kill();
    await server.close();
  }
});
