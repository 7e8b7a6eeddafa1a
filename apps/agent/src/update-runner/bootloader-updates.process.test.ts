import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Slot } from "@moult/agent-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withBootArea } from "../bootloader-copies/boot-area.ts";
import { copyChoiceOf } from "../bootloader-copies/copy-choice.ts";
import { createBootloaderInstaller } from "../installers/bootloader.ts";
import { aDevice, buildArtifact, offerOf, PATIENT, type TestDevice } from "./device.fixture.ts";

const MEDIUM_BYTES = 1_024 * 1_024;
const AREA_BYTES = 128 * 1_024;
const OFFSETS = { a: 64 * 1_024, b: 512 * 1_024 };

// A medium with two copies at offsets, and a platform whose ROM takes the one that is named in a register.
let folder: string;
let device: TestDevice;

const fileOf = (name: "medium" | "booted" | "register" | "program"): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-bootloader-"));
  await writeFile(fileOf("medium"), randomBytes(MEDIUM_BYTES));
  await startsFrom("a");
  await writeFile(fileOf("register"), "a\n");
  await writeFile(
    fileOf("program"),
    `#!/bin/sh\ncd ${folder}\ncase $1 in booted) cat booted ;; chosen) cat register ;; choose) echo $2 >register ;; esac\n`,
  );
  await chmod(fileOf("program"), 0o755);
  device = await aDevice({
    bootloader: createBootloaderInstaller({
      copies: { a: areaOf("a"), b: areaOf("b") },
      choice: copyChoiceOf(fileOf("program")),
      sysBlockDir: join(folder, "sys"),
      dropCache: () => Promise.resolve(),
    }),
  });
});
afterEach(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const areaOf = (copy: Slot) => ({
  device: fileOf("medium"),
  offsetBytes: OFFSETS[copy],
  sizeBytes: AREA_BYTES,
});
const startsFrom = (copy: Slot) => writeFile(fileOf("booted"), `${copy}\n`);
const chosen = async () => (await readFile(fileOf("register"), "utf8")).trim();
const medium = () => readFile(fileOf("medium"));

const bootloaderArtifact = (content: Uint8Array) =>
  buildArtifact({ name: "boot-2", type: "bootloader", files: { "u-boot.bin": content } });

async function offer(content: Uint8Array): Promise<void> {
  const artifact = await bootloaderArtifact(content);
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  await device.runner.offer(offerOf(artifact));
  await expect.poll(() => device.reboots.length, PATIENT).toBe(1);
}

/** What differs between two states of the medium must lie in one copy's place. */
function changedWithin(before: Buffer, after: Buffer, copy: Slot): boolean {
  const end = OFFSETS[copy] + AREA_BYTES;
  return (
    before.subarray(0, OFFSETS[copy]).equals(after.subarray(0, OFFSETS[copy])) &&
    before.subarray(end).equals(after.subarray(end))
  );
}

test("a bootloader goes into the copy that the machine was not started from, is chosen, and is kept when it starts the machine", async () => {
  const [before, content] = [await medium(), randomBytes(100_000)];
  await offer(content);
  const after = await medium();
  expect(after.subarray(OFFSETS.b, OFFSETS.b + content.length).equals(content)).toBe(true);
  expect(changedWithin(before, after, "b")).toBe(true);
  expect(await chosen()).toBe("b");

  await startsFrom("b");
  await device.restart(2);
  await device.runner.idle();
  expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  expect(await chosen()).toBe("b");
});

test("a bootloader that the machine does not start from is given up, and the old one chosen again", async () => {
  await offer(randomBytes(100_000));
  await device.restart(2);
  await device.runner.idle();
  expect(device.finished()).toMatchObject({
    outcome: "rolled-back",
    code: "verification-failed",
  });
  expect(await chosen()).toBe("a");
});

describe("nothing is chosen, and the copy that started the machine stays whole", () => {
  afterEach(async () => {
    expect(await chosen()).toBe("a");
  });

  test("when the bootloader is larger than its place", async () => {
    const before = await medium();
    const report = await device.update(await bootloaderArtifact(randomBytes(AREA_BYTES + 1)));
    expect(report).toMatchObject({ code: "slot-too-small" });
    expect((await medium()).equals(before)).toBe(true);
  });

  test("when the platform does not say which copy started it", async () => {
    const before = await medium();
    await writeFile(fileOf("booted"), "c\n");
    const report = await device.update(await bootloaderArtifact(randomBytes(1_000)));
    expect(report).toMatchObject({ detail: expect.stringContaining("said neither a nor b") });
    expect((await medium()).equals(before)).toBe(true);
  });
});

test("a device without two copies refuses a bootloader and says why", async () => {
  const other = await aDevice();
  const report = await other.update(await bootloaderArtifact(randomBytes(1_000)));
  await other.close();
  expect(report).toMatchObject({
    outcome: "rejected",
    code: "payload-type-unsupported",
    detail: expect.stringContaining("the only one is not overwritten"),
  });
});

test("a board that starts from an eMMC's boot partitions tells and chooses by its register, and knows what it was started from", async () => {
  const script = fileURLToPath(
    new URL("../../boot-integration/bootloader-copies/moult-emmc-copy", import.meta.url),
  );
  // As mmc-utils reads and sets the register, here a file.
  await writeFile(fileOf("register"), "72");
  await writeFile(
    join(folder, "mmc"),
    `#!/bin/sh
    cd ${folder}
    case "$1 $2" in
      "extcsd read") printf 'Boot configuration bytes [PARTITION_CONFIG: 0x%02x]\\n' "$(cat register)" ;;
      "bootpart enable") echo $(($3 << 3 | $4 << 6)) >register ;;
    esac\n`,
  );
  await chmod(join(folder, "mmc"), 0o755);
  const env = {
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
    MOULT_BOOTED_COPY: join(folder, "note"),
  };
  const ask = (...args: string[]): string =>
    execFileSync(script, args, { env, encoding: "utf8" }).trim();

  expect([ask("booted"), ask("chosen")]).toEqual(["a", "a"]);
  ask("choose", "b");
  expect([ask("booted"), ask("chosen")]).toEqual(["a", "b"]);
  expect((await readFile(fileOf("register"), "utf8")).trim()).toBe(String((2 << 3) | (1 << 6)));
  await rm(join(folder, "note"));
  expect([ask("booted"), ask("chosen")]).toEqual(["b", "b"]);
  await writeFile(fileOf("register"), String(7 << 3));
  expect(() => ask("booted")).toThrow("does not start from its boot partitions");
});

describe("a copy's place", () => {
  const deps = () => ({ sysBlockDir: join(folder, "sys"), dropCache: () => Promise.resolve() });

  test("on an eMMC's boot partition is writable only while it is written", async () => {
    const guard = join(folder, "sys/medium/force_ro");
    await mkdir(join(folder, "sys/medium"), { recursive: true });
    await writeFile(guard, "1\n");
    const failing = withBootArea({ ...areaOf("a"), forceRo: true }, deps(), async () => {
      expect(await readFile(guard, "utf8")).toBe("0\n");
      throw new Error("power is low");
    });
    await expect(failing).rejects.toThrow("power is low");
    expect(await readFile(guard, "utf8")).toBe("1\n");
  });

  test.each<[string, number, boolean]>([
    ["within a partition", 1_200, true],
    ["that begins before a partition and ends in it", 1_100, true],
    ["before a partition", 1_280, false],
  ])("%s is told from one beside it", async (_, startSector, isRefused) => {
    const partition = join(folder, "sys/medium/medium1");
    await mkdir(partition, { recursive: true });
    await writeFile(join(partition, "start"), `${startSector}\n`);
    await writeFile(join(partition, "size"), "2048\n");
    const opening = withBootArea(areaOf("b"), deps(), () => Promise.resolve("opened"));
    if (isRefused) await expect(opening).rejects.toThrow("lies in the partition medium1");
    else expect(await opening).toBe("opened");
  });
});
