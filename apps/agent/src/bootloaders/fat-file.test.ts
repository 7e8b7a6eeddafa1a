import type { SlotDevice } from "@moult/agent-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BootError } from "./boot-error.ts";
import { anEsp } from "./esp.fixture.ts";
import { findFatFile, type FatFile } from "./fat-file.ts";

const deviceOf = (bytes: Uint8Array): SlotDevice => ({
  sizeBytes: bytes.length,
  read: (offset, lengthBytes) => Promise.resolve(bytes.slice(offset, offset + lengthBytes)),
  write: () => Promise.reject(new Error("finding a file writes nothing")),
  sync: () => Promise.resolve(),
  dropCache: () => Promise.resolve(),
});
/** What is damaged: the tables, which all lie at the start. */
const DAMAGED_BYTES = 80_000;

const find = (bytes: Uint8Array, path: string) => findFatFile(deviceOf(bytes), path);

const contentOf = (bytes: Uint8Array, { sizeBytes, extents }: FatFile): Uint8Array =>
  Buffer.concat(
    extents.map(({ offset, lengthBytes }) => bytes.subarray(offset, offset + lengthBytes)),
  ).subarray(0, sizeBytes);

describe.each([
  ["FAT12", anEsp(), 3],
  ["FAT16", anEsp({ options: ["-F", "16", "-s", "2"] }), 3],
  ["FAT32", anEsp({ sizeBytes: 34 << 20, options: ["-F", "32", "-s", "1"] }), 1],
])("%s", (_, esp, pieces) => {
  test("a file is found in all its pieces, in their order", async () => {
    for (const [path, byte] of [
      ["EFI/LINUX/MOULT-A.EFI", 0x61],
      ["EFI/LINUX/MOULT-B.EFI", 0x62],
    ] as const) {
      const file = await find(esp, path);
      expect(file.sizeBytes).toBe(300_000);
      expect(contentOf(esp, file).every((one) => one === byte)).toBe(true);
    }
    const { extents } = await find(esp, "EFI/LINUX/MOULT-A.EFI");
    expect(extents.length).toBe(pieces);
  });

  test.each([
    ["EFI/LINUX/MOULT-C.EFI", "no file EFI/LINUX/MOULT-C.EFI"],
    ["EFI/BOOT/MOULT-A.EFI", "no folder EFI/BOOT"],
    ["EFI/LINUX", "no file EFI/LINUX"],
    ["HOLE-2/X", "no folder HOLE-2"],
  ])("%s is missing, and the reason says so", async (path, reason) => {
    await expect(find(esp, path)).rejects.toThrow(reason);
  });

  test("whatever a damaged file system says, finding a file ends, inside the partition or with a reason", async () => {
    const tables = fc.integer({ min: 0, max: DAMAGED_BYTES - 1 });
    const bytes = esp.slice();
    const whole = esp.subarray(0, DAMAGED_BYTES);
    const damage = fc.array(fc.tuple(tables, fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        bytes.set(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        const found = await find(bytes, "EFI/LINUX/MOULT-A.EFI").catch((error: unknown) => error);
        if (found instanceof BootError) return;
        const { sizeBytes, extents } = found as FatFile;
        expect(contentOf(bytes, found as FatFile).length).toBe(sizeBytes);
        for (const { offset, lengthBytes } of extents)
          expect(offset + lengthBytes).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 100 },
    );
  });
});

test("a partition without a FAT is refused with its reason", async () => {
  await expect(find(new Uint8Array(1 << 20), "X")).rejects.toThrow("no FAT file system");
  await expect(find(new Uint8Array(100), "X")).rejects.toThrow("leads out of it");
});
