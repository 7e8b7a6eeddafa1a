import { createHash } from "node:crypto";
import { equalBytes } from "@moult/base";
import { describe, expect, test } from "vitest";
import type { BootControl, Slot } from "./boot-control.ts";
import { decodeBootCopy } from "./boot-environment.ts";
import { BOOT_COPY_NAMES, createFileBootControl } from "./file-boot-control.ts";
import { cutEverywhere, LossyDisk, silentLog } from "./lossy-disk.fixture.ts";
import {
  createSlotInstaller,
  otherSlot,
  type RestartNote,
  type SlotImage,
  type SlotInstaller,
} from "./slot-installer.ts";

const BLOCK = 64 * 1024;
/** What is read and written at once. */
const PART = 16 * BLOCK;
const SLOT_BYTES = 5 * BLOCK;
const PLACES = { a: 1001, b: 1002 } as const;

/** Four blocks and a bit. No two blocks are equal, neither with each other nor, but for every second one, with another release's. */
function release(version: number, blocks = 4): Uint8Array {
  const words = new Uint32Array((blocks * BLOCK + 100) / 4);
  for (let at = 0; at < words.length; at += 1) {
    const isShared = Math.floor((at * 4) / BLOCK) % 2 === 1;
    words[at] = at * 31 + (isShared ? 0 : version * 7919);
  }
  return new Uint8Array(words.buffer);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* inChunks(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) {
    await Promise.resolve();
    yield bytes.subarray(start, start + size);
  }
}

const imageOf = (bytes: Uint8Array, sizeBytes = bytes.length): SlotImage => ({
  content: inChunks(bytes),
  sizeBytes,
  sha256: sha256(bytes),
});

interface Device {
  readonly boot: BootControl;
  readonly installer: SlotInstaller;
}

/** Of one run of the machine. */
function aNote(): RestartNote {
  let isMade = false;
  return {
    isMade: () => Promise.resolve(isMade),
    make: () => {
      isMade = true;
      return Promise.resolve();
    },
  };
}

interface DeviceOptions {
  readonly isLying?: boolean;
  readonly restartNote?: RestartNote;
}

function on(disk: LossyDisk, booted: Slot, options: DeviceOptions = {}): Device {
  const boot = createFileBootControl({
    files: disk.files(),
    booted: () => Promise.resolve(booted),
    log: silentLog,
  });
  const installer = createSlotInstaller({
    boot,
    restartNote: options.restartNote ?? aNote(),
    openSlot: (slot) =>
      Promise.resolve(disk.device(PLACES[slot], SLOT_BYTES, options.isLying ?? false)),
    createHasher: () => createHash("sha256"),
    log: silentLog,
  });
  return { boot, installer };
}

const holds = (disk: LossyDisk, slot: Slot, content: Uint8Array): boolean =>
  equalBytes(disk.bytesOf(PLACES[slot]).subarray(0, content.length), content);

/** Runs release 1 from slot a; slot b has release 0. */
async function aDisk(): Promise<LossyDisk> {
  const disk = new LossyDisk();
  for (const [slot, version] of [["a", 1] as const, ["b", 0] as const]) {
    const device = disk.device(PLACES[slot], SLOT_BYTES);
    await device.write(0, release(version));
    await device.sync();
  }
  const { boot } = on(disk, "a");
  await boot.arm("b", 1);
  await boot.confirm("a");
  return disk;
}

async function install({ installer }: Device, content: Uint8Array): Promise<void> {
  await installer.arm(await installer.write(imageOf(content)), 2);
}

/** Fills a slot that holds `before`; says what was written to it, where, and how many bytes of it were read before. */
async function writeSeen(before: Uint8Array, content: Uint8Array) {
  const disk = new LossyDisk();
  const device = disk.device(PLACES.b, content.length);
  await device.write(0, before);
  const writes: [number, number][] = [];
  let readBytes = 0;
  const installer = createSlotInstaller({
    boot: on(disk, "a").boot,
    restartNote: aNote(),
    openSlot: () =>
      Promise.resolve({
        ...device,
        read: (offset: number, lengthBytes: number) => {
          readBytes += lengthBytes;
          return device.read(offset, lengthBytes);
        },
        write: (offset: number, bytes: Uint8Array) => {
          writes.push([offset, bytes.length]);
          return device.write(offset, bytes);
        },
      }),
    createHasher: () => createHash("sha256"),
    log: silentLog,
  });
  await installer.write(imageOf(content));
  expect(holds(disk, "b", content)).toBe(true);
  return { writes, readBytes };
}

describe("a new system", () => {
  test("is written into the slot that does not run, and put on trial", async () => {
    const disk = await aDisk();
    const device = on(disk, "a");
    const content = await device.installer.write(imageOf(release(2)));
    expect(content).toEqual({
      slot: "b",
      sizeBytes: release(2).length,
      sha256: sha256(release(2)),
    });
    expect(await device.boot.read()).toMatchObject({ trial: null });
    await device.installer.arm(content, 2);

    expect(holds(disk, "b", release(2))).toBe(true);
    expect(await device.boot.read()).toEqual({ good: "a", trial: "b", triesLeft: 2 });
  });

  test("is confirmed once it runs", async () => {
    const disk = await aDisk();
    await install(on(disk, "a"), release(2));
    const after = on(disk, "b");
    await after.installer.verify("b");
    await after.installer.confirm("b");
    expect(await after.boot.read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
    await install(after, release(3));
    expect(holds(disk, "a", release(3))).toBe(true);
  });

  test("that does not run is neither verified nor confirmed", async () => {
    const disk = await aDisk();
    const device = on(disk, "a");
    await install(device, release(2));
    await expect(device.installer.verify("b")).rejects.toMatchObject({ code: "slot-not-booted" });
    await expect(device.installer.confirm("b")).rejects.toMatchObject({ code: "slot-not-booted" });
    expect(await device.boot.read()).toMatchObject({ good: "a" });
  });

  test("that has most blocks of the one before is written where it differs", async () => {
    const before = new Uint8Array(2 * PART + 100);
    const next = before.slice();
    next[BLOCK + 5] = 1;
    next[2 * BLOCK] = 1;
    next[PART + 7 * BLOCK] = 1;
    next[2 * PART + 99] = 1;
    const { writes } = await writeSeen(before, next);
    expect(writes).toEqual([
      [BLOCK, 2 * BLOCK],
      [PART + 7 * BLOCK, BLOCK],
      [2 * PART, 100],
    ]);
  });

  test("that shares nothing with the one before is not compared with all of it", async () => {
    const before = new Uint8Array(5 * PART);
    const { writes, readBytes } = await writeSeen(before, before.slice().fill(1));
    expect(writes.map(([offset]) => offset)).toEqual([0, PART, 2 * PART, 3 * PART, 4 * PART]);
    expect(readBytes).toBeLessThan(1.2 * PART);
  });

  test("that shares an area with the one before is not written there, wherever that is", async () => {
    const before = new Uint8Array(5 * PART);
    const [from, to] = [2 * PART + 4 * BLOCK, 3 * PART + 9 * BLOCK];
    const next = before.slice().fill(1);
    next.fill(0, from, to);
    const { writes } = await writeSeen(before, next);
    for (const [offset, lengthBytes] of writes)
      expect(offset + lengthBytes <= from || offset >= to).toBe(true);
  });
});

describe("nothing is put on trial", () => {
  test("when the medium does not hold what was written", async () => {
    const disk = await aDisk();
    const device = on(disk, "a", { isLying: true });
    await expect(install(device, release(2))).rejects.toMatchObject({ code: "slot-content-wrong" });
    expect(await device.boot.read()).toMatchObject({ trial: null });
  });

  test("when other bytes came than were to come", async () => {
    const disk = await aDisk();
    const device = on(disk, "a");
    const other = { ...imageOf(release(3)), sha256: sha256(release(2)) };
    const filled = await device.installer.write(other);
    await expect(device.installer.arm(filled, 2)).rejects.toMatchObject({
      code: "slot-content-wrong",
    });
    expect(await device.boot.read()).toMatchObject({ trial: null });
  });

  test("when fewer bytes came than were to come, or more", async () => {
    const device = on(await aDisk(), "a");
    for (const size of [release(2).length + 1, release(2).length - 1])
      await expect(device.installer.write(imageOf(release(2), size))).rejects.toMatchObject({
        code: "slot-content-wrong",
      });
  });

  test("when it does not fit", async () => {
    const device = on(await aDisk(), "a");
    await expect(install(device, release(2, 6))).rejects.toMatchObject({ code: "slot-too-small" });
  });

  test("by a system that is on trial itself", async () => {
    const disk = await aDisk();
    await install(on(disk, "a"), release(2));
    const onTrial = on(disk, "b");
    await expect(install(onTrial, release(3))).rejects.toMatchObject({ code: "slot-on-trial" });
    expect(holds(disk, "a", release(1))).toBe(true);
    expect(holds(disk, "b", release(2))).toBe(true);
  });
});

test("a trial that is armed for the spare slot ends before the slot is touched", async () => {
  const disk = await aDisk();
  const device = on(disk, "a");
  await install(device, release(2));
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield release(3).subarray(0, BLOCK);
    expect(await device.boot.read()).toMatchObject({ trial: null });
    throw new Error("the network went");
  }
  await expect(
    device.installer.write({ ...imageOf(release(3)), content: broken() }),
  ).rejects.toThrow("network");
  expect(await device.boot.read()).toMatchObject({ good: "a", trial: null });
});

test("a system to which the bootloader fell back is the good one before the other slot is overwritten", async () => {
  const disk = await aDisk();
  const fallenBack = on(disk, "b");
  await install(fallenBack, release(2));
  expect(await fallenBack.boot.read()).toEqual({ good: "b", trial: "a", triesLeft: 2 });
});

test.each<[string, "a" | "b", boolean, "b" | null]>([
  ["was never started", "a", false, null],
  ["runs on trial", "b", false, "b"],
  ["was confirmed just before", "b", true, "b"],
])("a new system that %s is reverted to the one before", async (_, booted, isConfirmed, trial) => {
  const disk = await aDisk();
  await install(on(disk, "a"), release(2));
  const device = on(disk, booted);
  if (isConfirmed) await device.installer.confirm("b");
  await device.installer.revert("b");
  await device.installer.revert("b");
  expect(await device.boot.read()).toEqual({ good: "a", trial, triesLeft: 0 });
});

test("a system that was reverted while it runs does not become the good one by the next installation", async () => {
  const disk = await aDisk();
  await install(on(disk, "a"), release(2));
  const onTrial = on(disk, "b");
  await onTrial.installer.revert("b");

  await expect(install(onTrial, release(3))).rejects.toThrow("slot-on-trial");
  expect(holds(disk, "a", release(1))).toBe(true);
  await install(on(disk, "a"), release(3));
  expect(holds(disk, "b", release(3))).toBe(true);
});

test("a trial that nobody remembers ends, and says whether it is what runs", async () => {
  const disk = await aDisk();
  expect(await on(disk, "a").installer.endForgottenTrial()).toBe(false);
  await install(on(disk, "a"), release(2));
  expect(await on(disk, "b").installer.endForgottenTrial()).toBe(true);
  expect(await on(disk, "a").boot.read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
  await install(on(disk, "a"), release(3));
  expect(await on(disk, "a").installer.endForgottenTrial()).toBe(false);
  expect(await on(disk, "a").boot.read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
});

test("an agent that ended before the restart that it asked for is followed by one that asks for it again", async () => {
  const disk = await aDisk();
  await install(on(disk, "a"), release(2));
  const sameRun = { restartNote: aNote() };
  expect(await on(disk, "b", sameRun).installer.endForgottenTrial()).toBe(true);
  expect(await on(disk, "b", sameRun).installer.endForgottenTrial()).toBe(true);

  // The restart came, and the bootloader could not start the good slot any more.
  const fallenBack = on(disk, "b");
  expect(await fallenBack.installer.endForgottenTrial()).toBe(false);
  await install(fallenBack, release(3));
  expect(await fallenBack.boot.read()).toMatchObject({ good: "b", trial: "a" });
});

/** What each copy of the boot environment says for itself. */
const goodOfEach = async (disk: LossyDisk): Promise<readonly (Slot | undefined)[]> =>
  Promise.all(
    BOOT_COPY_NAMES.map(async (name) => {
      const bytes = await disk.files().read(name);
      return bytes === undefined ? undefined : decodeBootCopy(bytes)?.good;
    }),
  );

test("a commit that power cut off, and that nobody takes back, holds by both copies once no update is under way", async () => {
  let halfDone = 0;
  await cutEverywhere(
    async (power) => {
      const disk = await aDisk();
      await install(on(disk, "a"), release(2));
      disk.withPower(power);
      return { disk, work: on(disk, "b").installer.confirm("b") };
    },
    async (disk) => {
      if ((await on(disk, "b").boot.read()).good !== "b") return;
      if ((await goodOfEach(disk)).includes("a")) halfDone += 1;
      expect(await on(disk, "b").installer.endForgottenTrial()).toBe(false);
      expect(await goodOfEach(disk)).toEqual(["b", "b"]);
    },
  );
  expect(halfDone).toBeGreaterThan(0);
});

test("a start goes on when what is chosen cannot be written once more", async () => {
  const disk = await aDisk();
  const { boot } = on(disk, "a");
  const installer = createSlotInstaller({
    boot: { ...boot, settle: () => Promise.reject(new Error("EIO")) },
    restartNote: aNote(),
    openSlot: (slot) => Promise.resolve(disk.device(PLACES[slot], SLOT_BYTES)),
    createHasher: () => createHash("sha256"),
    log: silentLog,
  });
  expect(await installer.endForgottenTrial()).toBe(false);
});

test("power that goes at any moment of an installation leaves a whole system to each start", async () => {
  const checked = await cutEverywhere(
    async (power) => {
      const disk = (await aDisk()).withPower(power);
      return { disk, work: install(on(disk, "a"), release(2)) };
    },
    async (disk) => {
      const { good, trial } = await on(disk, "a").boot.read();
      expect(good).toBe("a");
      expect(holds(disk, "a", release(1))).toBe(true);
      if (trial !== null) {
        expect(trial).toBe(otherSlot(good));
        expect(holds(disk, trial, release(2))).toBe(true);
      }
    },
  );
  expect(checked).toBeGreaterThan(60);
});
