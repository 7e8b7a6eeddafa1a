import { BOOT_COPY_NAMES } from "@moult/agent-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordedLog } from "../installers/installer.fixture.ts";
import { BootError } from "./boot-error.ts";
import { grubFile, grubPartition } from "./boot-disks.fixture.ts";
import { findExt2File } from "./ext2-file.ts";
import { createGrubBootControl } from "./grub.ts";
import { SectorDisk } from "./sector-disk.fixture.ts";

const image = grubPartition();
const find = (bytes: Uint8Array, name: string) =>
  new SectorDisk(bytes).withDevice((device) => findExt2File(device, name));

test("a file is found where its content is, in a block of its own", async () => {
  const places = await Promise.all(BOOT_COPY_NAMES.map((name) => find(image, name)));
  for (const { offset, sizeBytes } of places) {
    expect(sizeBytes).toBe(1_024);
    expect(image.slice(offset, offset + sizeBytes)).toEqual(grubFile());
  }
  expect(Math.abs((places[0]?.offset ?? 0) - (places[1]?.offset ?? 0))).toBeGreaterThanOrEqual(
    4_096,
  );
});

test.each<[string, Uint8Array, string]>([
  ["no file system", new Uint8Array(1 << 20), "no ext2"],
  ["no such file", image, "no file"],
])("a partition with %s is refused with its reason", async (_, bytes, reason) => {
  const error = await find(bytes, "another").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BootError);
  expect(String(error)).toContain(reason);
});

test("whatever a damaged file system says, finding a file ends, inside the partition or with a reason", async () => {
  const damage = fc.array(
    fc.tuple(fc.integer({ min: 1_024, max: 40_000 }), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 400 },
  );
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const bytes = image.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      const found = await find(bytes, BOOT_COPY_NAMES[0]).catch((error: unknown) => error);
      if (found instanceof BootError) return;
      const { offset, blockBytes } = found as { offset: number; blockBytes: number };
      expect(offset).toBeGreaterThan(0);
      expect(offset + blockBytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 200 },
  );
});

test.each<[string, Uint8Array]>([
  ["whose blocks are smaller than a page", grubPartition(1_024)],
  ["whose files are not environment blocks", grubPartition(4_096, new Uint8Array(100))],
])("nothing is written to a partition %s", async (_, bytes) => {
  const disk = new SectorDisk(bytes);
  const boot = createGrubBootControl({
    withDevice: disk.withDevice,
    booted: () => Promise.resolve("a"),
    log: recordedLog(),
  });
  await expect(boot.arm("b", 2)).rejects.toThrow("boot-environment-missing");
  expect(disk.writes).toEqual([]);
});
