import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningOnDevice } from "../../tools/rig/campaign/drive-deployments.ts";
import { emptyRigTally } from "../../tools/rig/campaign/rig-tally.ts";
import { runUntil } from "../../tools/rig/campaign/run-power-cycle.ts";
import { slowness } from "../../tools/rig/campaign/run-rig.ts";
import { Watch } from "../../tools/rig/campaign/watch-device.ts";
import { GRUB } from "../../tools/rig/boards/grub.ts";
import { buildImages, type RigImages } from "../../tools/rig/image/build-images.ts";
import { makeDisk } from "../../tools/rig/image/make-disk.ts";
import { openRigDevice, type RigDevice } from "../../tools/rig/machine/rig-device.ts";
import { startRigWorld, type RigWorld } from "../../tools/rig/world/rig-world.ts";

const FIRST_CHECK_IN_MS_MAX = 60_000;

let folder: string;
let images: RigImages;
let world: RigWorld;
let device: RigDevice | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-rig-"));
  images = buildImages(GRUB, () => undefined);
  world = await startRigWorld(join(folder, "world"), images, () => undefined);
});
afterAll(async () => {
  await device?.close();
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a device from the factory starts by its bootloader, enrols, and its server knows what it runs", async () => {
  const { board, systems, runtimeFile } = images;
  const factory = present(systems[0], "the factory's system");
  const diskFile = join(folder, "disk.img");
  const { provisioning } = world;
  makeDisk(
    { board, scripts: board.scripts(), systemFile: factory.file, runtimeFile, provisioning },
    diskFile,
  );
  device = await openRigDevice({
    board,
    diskFile,
    folder,
    atomBytes: 4096,
    random: seededRandom(1),
  });
  const tally = emptyRigTally();
  const found: string[] = [];
  const report = (invariant: string, detail: string) => found.push(`${invariant}: ${detail}`);
  const watch = new Watch({ device, systems, tally, triesMax: 2, isVolatile: false, report });
  const isKnown = async (): Promise<boolean> =>
    (await runningOnDevice(world.client)) === factory.name;

  const options = { device, watch, tally, isVolatile: false, slowness, report };
  const hasArrived = await runUntil(options, isKnown, FIRST_CHECK_IN_MS_MAX * slowness());

  expect({ hasArrived, found }).toEqual({ hasArrived: true, found: [] });
  expect(tally).toMatchObject({ starts: 1, trialStarts: 0, repairs: 0 });
  // The emulated disk said that it has a cache, and Linux flushed it.
  expect(device.disk.counters.flushes).toBeGreaterThan(0);
});
