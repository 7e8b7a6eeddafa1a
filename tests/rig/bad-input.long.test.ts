import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GRUB } from "../../tools/rig/boards/grub.ts";
import { deploy, runningOnDevice } from "../../tools/rig/campaign/drive-deployments.ts";
import { emptyRigTally } from "../../tools/rig/campaign/rig-tally.ts";
import { runUntil } from "../../tools/rig/campaign/run-power-cycle.ts";
import { slowness } from "../../tools/rig/campaign/run-rig.ts";
import { Watch } from "../../tools/rig/campaign/watch-device.ts";
import { buildImages, type RigImages, type RigSystem } from "../../tools/rig/image/build-images.ts";
import { makeDisk } from "../../tools/rig/image/make-disk.ts";
import type { SystemHealth } from "../../tools/rig/image/make-system.ts";
import { runTool } from "../../tools/rig/image/run-tool.ts";
import type { Board } from "../../tools/rig/machine/board.ts";
import { openRigDevice, type RigDevice } from "../../tools/rig/machine/rig-device.ts";
import { startRigWorld, type RigWorld } from "../../tools/rig/world/rig-world.ts";

// What a device in the field may find itself with, on a real GRUB, kernel and agent: whatever it is, the device comes up, its
// server hears from it, and it takes an update. The tests are one life of one device, in their order.

const WAIT_MS_MAX = 120_000;

interface Outcome {
  readonly succeeded: number;
  readonly rolledBack: number;
  readonly failed: number;
}
const SUCCEEDED: Outcome = { succeeded: 1, rolledBack: 0, failed: 0 };
const ROLLED_BACK: Outcome = { succeeded: 0, rolledBack: 1, failed: 0 };

let folder: string;
let images: RigImages;
let world: RigWorld;
let device: RigDevice;
let watch: Watch;
let found: string[];
const tally = emptyRigTally();
/** Words more for the emulator, at the next starts. */
let emulatorMore: readonly string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-bad-"));
  images = buildImages(GRUB, () => undefined);
  world = await startRigWorld(join(folder, "world"), images, () => undefined);
  const { systems, runtimeFile } = images;
  const board: Board = {
    ...GRUB,
    emulator: (of) => {
      const { program, args } = GRUB.emulator(of);
      return { program, args: [...args, ...emulatorMore] };
    },
  };
  const diskFile = join(folder, "disk.img");
  makeDisk(
    {
      board,
      scripts: board.scripts(),
      systemFile: systemOf("rig-1").file,
      runtimeFile,
      provisioning: world.provisioning,
    },
    diskFile,
  );
  device = await openRigDevice({
    board,
    diskFile,
    folder,
    atomBytes: 4096,
    random: seededRandom(1),
    onDiskEvent: (event) => watch?.onDiskEvent(event),
  });
  const report = (invariant: string, detail: string): void => {
    found.push(`${invariant}: ${detail}`);
  };
  found = [];
  watch = new Watch({ device, systems, tally, triesMax: 2, isVolatile: false, report });
});
afterAll(async () => {
  await device?.close();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a new system without a kernel is left for the one that ran, and the server hears of it", async () => {
  expect(await runsUntil(async () => (await runningOnDevice(world.client)) === "rig-1")).toBe(true);

  const outcome = await deployed("without-kernel");

  expect(outcome).toEqual(ROLLED_BACK);
  expect(tally.fallBacks).toBeGreaterThan(0);
  expect(found).toEqual([]);
});

test("a new system that hangs before its agent runs is ended by its watchdog, and left", async () => {
  const outcome = await deployed("hanging");

  expect(outcome).toEqual(ROLLED_BACK);
  expect(found).toEqual([]);
});

test("a new system whose network never comes up is left", async () => {
  const outcome = await deployed("cut-off");

  expect(outcome).toEqual(ROLLED_BACK);
  expect(found).toEqual([]);
});

test("a device whose boot environment is damaged in both copies starts, takes an update, and has a whole one then", async () => {
  for (const offset of device.bootOffsets)
    device.disk.write(offset, Buffer.alloc(1_024, 0x5a), true);
  expect(device.bootCopies()).toEqual([undefined, undefined]);

  const outcome = await deployed("healthy");

  expect(outcome).toEqual(SUCCEEDED);
  // It said that it found nothing to choose by, and a cut now would have to find it again.
  expect(found.filter((line) => !line.includes("no boot environment"))).toEqual([]);
  found = [];
  expect(device.bootCopies()).not.toContain(undefined);
});

test("a device whose data partition is destroyed keeps its identity, and takes an update", async () => {
  const { startBytes } = device.board.layout.partitions["moult-data"];
  device.disk.write(startBytes, Buffer.alloc(8 * 1024 * 1024, 0xa5), true);

  const outcome = await deployed("healthy");

  expect(outcome).toEqual(SUCCEEDED);
  expect(tally.lostDataPartitions).toBe(1);
  expect((await world.client.call("listDevices", { query: {} })).items.length).toBe(1);
  expect(found).toEqual([]);
});

test("a device whose identity's partition is full comes up, and its server hears from it", async () => {
  fill("moult-keep");
  const before = Date.now();

  expect(await runsUntil(() => isHeardSince(before))).toBe(true);
  expect(found).toEqual([]);
});

test("a device whose identity's partition is full takes an update", async () => {
  const outcome = await deployed("healthy");

  expect(outcome).toEqual(SUCCEEDED);
  expect(found).toEqual([]);
});

test("a device whose clock stands at 1970 gets past its server's certificate, and takes an update", async () => {
  emulatorMore = ["-rtc", "base=1970-01-01"];

  const outcome = await deployed("healthy");

  expect(outcome).toEqual(SUCCEEDED);
  expect(found).toEqual([]);
});

function runsUntil(isDone: () => Promise<boolean>): Promise<boolean> {
  const report = (invariant: string, detail: string): void => {
    found.push(`${invariant}: ${detail}`);
  };
  const options = { device, watch, tally, isVolatile: false, slowness, report };
  return runUntil(options, isDone, WAIT_MS_MAX * slowness());
}

const systemOf = (name: string): RigSystem =>
  present(
    images.systems.find((system) => system.name === name),
    name,
  );

/** Asks the device for a system of that kind which it does not run, lets it run until that is over, and says how it ended. */
async function deployed(health: SystemHealth): Promise<Outcome> {
  const now = await runningOnDevice(world.client);
  const system = present(
    images.systems.find((one) => one.health === health && one.name !== now),
    `a system that is ${health}`,
  );
  const deploymentId = await deploy(world.client, system);
  const tallyOf = async (): Promise<Outcome> => {
    const { tally: of } = await world.client.call("showDeployment", { params: { deploymentId } });
    return { succeeded: of.succeeded, rolledBack: of.rolledBack, failed: of.failed };
  };
  await runsUntil(async () => {
    const { succeeded, rolledBack, failed } = await tallyOf();
    return succeeded + rolledBack + failed > 0;
  });
  const outcome = await tallyOf();
  const { state } = await world.client.call("showDeployment", { params: { deploymentId } });
  if (state !== "finished")
    await world.client.call("abortDeployment", { params: { deploymentId } });
  return outcome;
}

async function isHeardSince(sinceMs: number): Promise<boolean> {
  const { items } = await world.client.call("listDevices", { query: {} });
  return new Date(items[0]?.lastSeenAt ?? 0).getTime() > sinceMs;
}

/** Leaves no block of a partition free. */
function fill(name: "moult-keep"): void {
  const { startBytes, sizeBytes } = device.board.layout.partitions[name];
  const fileSystem = `${join(folder, "disk.img")}?offset=${startBytes}`;
  const commands = [1024 * 1024, 64 * 1024, 4_096].flatMap((size) => {
    const file = join(folder, `filler-${size}`);
    writeFileSync(file, Buffer.alloc(size, 1));
    const count = Math.min(64, sizeBytes / size);
    return Array.from({ length: count }, (_, index) => `write ${file} filler-${size}-${index}`);
  });
  writeFileSync(join(folder, "fill"), `${commands.join("\n")}\n`);
  // What the kernel left in the journal would undo it.
  runTool("sh", ["-c", `e2fsck -fy '${fileSystem}' || [ $? -eq 1 ]`]);
  runTool("debugfs", ["-w", "-f", join(folder, "fill"), fileSystem]);
  const stats = runTool("debugfs", ["-R", "stats -h", fileSystem]).toString("utf8");
  expect(Number(/Free blocks:\s+(\d+)/.exec(stats)?.[1])).toBeLessThan(2);
}
