import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { constants, existsSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { assert, present } from "@moult/base";
import type { UpdateReport } from "@moult/updater";
import {
  buildArtifact,
  linesOf,
  offerOf,
  pathsUnder,
  type BuiltArtifact,
} from "./device.fixture.ts";
import type { HostedDevice, HostedEnd } from "./protocol-host.fixture.ts";
import type { Plan } from "./protocol-model.fixture.ts";

const HOST = fileURLToPath(new URL("./protocol-host.fixture.ts", import.meta.url));

/** Devices that one process works for at a time; those that wait for a time-out do not count. */
const WIDTH = 6;

/** Ordinary calls take some milliseconds, on a busy machine some hundred. */
const HANG_TIMEOUT_MS = 6_000;

/** Between two kills; what takes longer hangs. */
const ROUNDS_MAX = 10;

/** Of the device itself come the scripts of Download; all others with the artifact. */
export const SCRIPTS: readonly string[] = [
  "Download",
  "ArtifactInstall",
  "ArtifactReboot",
  "ArtifactCommit",
  "ArtifactRollback",
  "ArtifactRollbackReboot",
  "ArtifactFailure",
].flatMap((state) => ["Enter", "Leave", "Error"].map((action) => `${state}_${action}_00`));

const isOfDevice = (script: string): boolean => script.startsWith("Download_");

/** What a device made of its plan. */
export interface Played {
  readonly calls: readonly string[];
  readonly runs: string;
  readonly reports: readonly UpdateReport[];
}

/**
 * Every call of the module and of every script says its name in `calls` and then does as the plan says. One that is to be
 * ended, or to be waited for in vain, tells the test through `parked`.
 */
function behaviourOf(plan: Plan, index: number, parked: string): string {
  const faults = Object.entries(plan.faults).map(([name, fault]) => {
    const act = {
      fails: "exit 1",
      "is-killed": "kill -9 $$",
      hangs: `echo "${index} hangs $$" > "${parked}"; exec sleep 600`,
      "asks-later": "exit 21",
      "agent-killed": `echo "${index} agent-killed $$" > "${parked}"; exec sleep 600`,
      "power-cut": `echo "${index} power-cut $$" > "${parked}"; exec sleep 600`,
    }[fault];
    const once = plan.isForEver === true ? "" : `[ -e "$root/did-${name}" ] || `;
    return `${name}) ${once}{ : > "$root/did-${name}"; ${act}; } ;;`;
  });
  return `echo "$name" >> "$root/calls"
case "$name" in
${faults.join("\n")}
esac
case "$name" in
ProvidePayloadFileSizes) echo "${plan.sizes ?? ""}" ;;
SupportsRollback) echo "${plan.rollback}" ;;
NeedsArtifactReboot) echo "${plan.reboot}" ;;
esac
exit 0
`;
}

/** One text for the module and all scripts: each finds its device by its own place. */
const ACTOR = `root="\${0%%/var/lib/moult/*}"; root="\${root%%/etc/moult/*}"; root="\${root%%/usr/share/*}"
name="\${1:-\${0##*/}}"
. "$root/behaviour"`;

/** Plays every plan on a device of its own; all devices at once, in agents that are killed when a plan says so. */
export async function playAll(plans: readonly Plan[]): Promise<readonly Played[]> {
  // In memory, if there is such a place: what is proved here is order, and hundreds of disks at once would be slow.
  const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = await mkdtemp(join(place, "moult-protocol-"));
  const parking = openParking(join(folder, "parked"));
  try {
    const artifactOf = artifactsIn(folder);
    const devices: HostedDevice[] = [];
    for (const [index, plan] of plans.entries())
      devices.push(await prepare(plan, index, folder, artifactOf));
    const ends = await playRounds(devices, parking);
    return await Promise.all(devices.map((device) => read(device, ends)));
  } finally {
    parking.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type ArtifactOf = (scripts: readonly string[]) => Promise<{
  readonly artifact: BuiltArtifact;
  readonly artifactFile: string;
}>;

/** One artifact for each set of scripts. */
function artifactsIn(folder: string): ArtifactOf {
  const built = new Map<string, ReturnType<ArtifactOf>>();
  const build: ArtifactOf = async (scripts) => {
    const artifact = await buildArtifact({
      name: "new",
      type: "matrix",
      files: { payload: "data" },
      scripts: Object.fromEntries(scripts.map((name) => [name, ACTOR])),
    });
    const artifactFile = join(folder, `${artifact.sha256}.mender`);
    await writeFile(artifactFile, artifact.bytes);
    return { artifact, artifactFile };
  };
  return (scripts) => {
    const key = scripts.join(" ");
    const known = built.get(key) ?? build(scripts);
    built.set(key, known);
    return known;
  };
}

async function prepare(
  plan: Plan,
  index: number,
  folder: string,
  artifactOf: ArtifactOf,
): Promise<HostedDevice> {
  const scripts = plan.scripts ?? SCRIPTS;
  const { artifact, artifactFile } = await artifactOf(scripts.filter((name) => !isOfDevice(name)));
  const root = join(folder, String(index));
  const { modulesDir, rootfsScriptsDir } = pathsUnder(root);
  const executables = [
    join(modulesDir, "matrix"),
    ...scripts.filter(isOfDevice).map((name) => join(rootfsScriptsDir, name)),
  ];
  for (const file of executables) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!/bin/sh\n${ACTOR}\n`, { mode: 0o755 });
  }
  await writeFile(join(root, "behaviour"), behaviourOf(plan, index, join(folder, "parked")));
  const isHanging = Object.values(plan.faults).includes("hangs");
  const timeoutMs = isHanging ? HANG_TIMEOUT_MS : 600_000;
  return { index, root, boot: 1, artifactFile, offer: offerOf(artifact), timeoutMs };
}

interface Parking {
  /** `pid`: of what waits. */
  onParked: (index: number, fault: string, pid: number) => void;
  close(): void;
}

function openParking(path: string): Parking {
  const made = spawnSync("mkfifo", [path]);
  assert(made.status === 0, "a fifo can be made");
  // Also open for writing, so that it does not end when the first writer is done.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  const parking: Parking = { onParked: () => undefined, close: () => void socket.destroy() };
  createInterface({ input: socket }).on("line", (line) => {
    const [index = "", fault = "", pid = ""] = line.split(" ");
    parking.onParked(Number(index), fault, Number(pid));
  });
  return parking;
}

/** Rounds of agents that live until each of their devices has settled, or waits for their end. */
async function playRounds(
  devices: readonly HostedDevice[],
  parking: Parking,
): Promise<ReadonlyMap<number, string>> {
  const ends = new Map<number, string>();
  let left = devices;
  for (let round = 0; left.length > 0; round += 1) {
    assert(round < ROUNDS_MAX, `devices ${left.map(({ index }) => index).join(" ")} end`);
    const boots = await playRound(left, parking, ends);
    left = left
      .filter(({ index }) => !ends.has(index))
      .map((device) => ({ ...device, boot: device.boot + (boots.get(device.index) ?? 0) }));
  }
  return ends;
}

/** Returns how many boots each device that did not settle has more now. */
async function playRound(
  devices: readonly HostedDevice[],
  parking: Parking,
  ends: Map<number, string>,
): Promise<ReadonlyMap<number, number>> {
  const boots = new Map<number, number>();
  const begun = new Map<number, { readonly over: () => void; readonly hanging: () => void }>();
  const stop = (index: number, moreBoots: number): void => {
    boots.set(index, moreBoots);
    begun.get(index)?.over();
  };
  const ownerless: number[] = [];
  parking.onParked = (index, fault, pid) => {
    if (fault === "hangs") {
      begun.get(index)?.hanging();
      return;
    }
    // What a killed agent leaves running is for its next start to find; no power leaves nothing.
    if (fault === "power-cut") ownerless.push(pid);
    stop(index, fault === "power-cut" ? 1 : 0);
  };
  const onEnd = ({ index, end, runs }: HostedEnd): void => {
    if (end === "settled") ends.set(index, runs);
    stop(index, end === "rebooting" ? 1 : 0);
  };
  const hostCount = Math.min(availableParallelism(), devices.length);
  const hosts = Array.from({ length: hostCount }, () => startHost(onEnd));
  try {
    const played: Promise<void>[] = [];
    /** Resolves when the device has ended, or waits for a time-out and leaves the processors to others. */
    const run = (device: HostedDevice): Promise<void> =>
      new Promise((resolve) => {
        const end = new Promise<void>((over) => {
          begun.set(device.index, { over, hanging: resolve });
        });
        played.push(end);
        void end.then(resolve);
        const agent = present(hosts[device.index % hosts.length], "there is an agent");
        agent.stdin?.write(`${JSON.stringify(device)}\n`);
      });
    const isHanging = ({ timeoutMs }: HostedDevice): boolean => timeoutMs === HANG_TIMEOUT_MS;
    const waiting = [
      ...devices.filter(isHanging),
      ...devices.filter((device) => !isHanging(device)),
    ];
    const lanes = Array.from({ length: WIDTH * hosts.length }, async () => {
      for (let device = waiting.shift(); device !== undefined; device = waiting.shift())
        await run(device);
    });
    await Promise.all(lanes);
    await Promise.all(played);
  } finally {
    await Promise.all(hosts.map(kill));
    for (const pid of ownerless) process.kill(pid, "SIGKILL");
  }
  return boots;
}

function startHost(onEnd: (end: HostedEnd) => void): ChildProcess {
  // A process that starts others all the time gains nothing from code that is made better meanwhile.
  const host = spawn(process.execPath, ["--no-opt", HOST], { stdio: ["pipe", "pipe", "inherit"] });
  const output = present(host.stdout, "its output is a pipe");
  createInterface({ input: output }).on("line", (line) => onEnd(JSON.parse(line) as HostedEnd));
  return host;
}

async function kill(host: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => host.once("exit", resolve));
  host.kill("SIGKILL");
  await ended;
}

async function read(
  { root, index }: HostedDevice,
  ends: ReadonlyMap<number, string>,
): Promise<Played> {
  const reports = await readFile(join(root, "reports"), "utf8");
  return {
    calls: await linesOf(join(root, "calls")),
    runs: present(ends.get(index), "every device has settled"),
    reports: reports
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as UpdateReport),
  };
}
