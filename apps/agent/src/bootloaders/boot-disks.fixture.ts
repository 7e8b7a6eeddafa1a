import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BOOT_COPY_NAMES,
  bootEnvironmentOf,
  chooseBoot,
  decodeBootCopy,
  encodeBootCopy,
  type BootControl,
  type BootCopies,
  type BootEnvironment,
  type Slot,
} from "@moult/agent-core";
import type { BootloaderName } from "../config.ts";
import { recordedLog } from "../installers/installer.fixture.ts";
import { type BootCopyForm, type BootloaderDeps } from "./boot-copies.ts";
import { findExt2File } from "./ext2-file.ts";
import { createGrubBootControl } from "./grub.ts";
import { GRUB_BLOCK_BYTES, grubCopy } from "./grub-copy.ts";
import { createOwnBootControl, createUBootControl, RAW_COPY_OFFSETS } from "./raw-copies.ts";
import { SectorDisk } from "./sector-disk.fixture.ts";
import { createUBootCopy } from "./u-boot-copy.ts";

/** A bootloader as its tests see it: its partition, our boot control over it, and what its own script does at a start. */
export interface TestBootloader {
  readonly name: string;
  /** In the agent's configuration. */
  readonly bootloader: BootloaderName;
  /** Its partition as the factory makes it: slot a is good. */
  readonly factory: Uint8Array;
  readonly form: BootCopyForm;
  readonly disk: () => SectorDisk;
  readonly control: (disk: SectorDisk, booted?: Slot) => BootControl;
  readonly offsets: readonly [number, number];
  /** What its script writes, and where, for the copies that it finds. */
  readonly start: (disk: SectorDisk) => Slot;
}

const FACTORY: BootEnvironment = { generation: 1, good: "a", trial: null, triesLeft: 0 };

/** An ext2 partition with the two environment blocks of GRUB, made as boot-integration/grub says. */
export function grubPartition(blockBytes = 4_096, content = grubFile()): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "moult-grub-"));
  try {
    const files = join(folder, "files");
    mkdirSync(files);
    for (const name of BOOT_COPY_NAMES) writeFileSync(join(files, name), content);
    const image = join(folder, "env.img");
    const options = ["-q", "-F", "-t", "ext2", "-b", String(blockBytes), "-I", "128"];
    // Debian keeps it out of an ordinary person's PATH.
    const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
    execFileSync("mke2fs", [...options, "-d", files, image, "1M"], { stdio: "ignore", env });
    return new Uint8Array(readFileSync(image));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function grubFile(): Uint8Array {
  const bytes = new Uint8Array(GRUB_BLOCK_BYTES).fill(0x23);
  bytes.set(grubCopy.encode(FACTORY));
  return bytes;
}

const grubImage = grubPartition();
const grubOffsets = await Promise.all(
  BOOT_COPY_NAMES.map((name) =>
    new SectorDisk(grubImage).withDevice(
      async (device) => (await findExt2File(device, name)).offset,
    ),
  ),
);

/** What both copies say, in the words of agent-core. */
export function copiesOn(
  disk: SectorDisk,
  { form, offsets }: Pick<TestBootloader, "form" | "offsets">,
): BootCopies {
  const [first, second] = offsets.map((offset) => {
    const environment = form.decode(disk.sector(offset));
    return environment === undefined ? undefined : encodeBootCopy(environment);
  });
  return [first, second];
}

/** The scripts of boot-integration lower the tries in place, in the copy that holds, unless it is the only one. */
function startInPlace(
  disk: SectorDisk,
  form: BootCopyForm,
  offsets: readonly [number, number],
): Slot {
  const copies = copiesOn(disk, { form, offsets });
  const now = bootEnvironmentOf(copies);
  if (now === undefined) return "a";
  const { copy, environment } = now;
  const { good, trial, triesLeft } = environment;
  if (trial === null || triesLeft === 0 || copies.includes(undefined)) return good;
  disk.put(offsets[copy], form.encode({ ...environment, triesLeft: triesLeft - 1 }));
  return trial;
}

const depsOf = (disk: SectorDisk, booted: Slot): BootloaderDeps => ({
  withDevice: disk.withDevice,
  booted: () => Promise.resolve(booted),
  log: recordedLog(),
});

/** A raw partition as the factory makes it. */
function rawPartition(form: BootCopyForm): Uint8Array {
  const bytes = new Uint8Array(2 * RAW_COPY_OFFSETS[1]);
  for (const offset of RAW_COPY_OFFSETS) bytes.set(form.encode(FACTORY), offset);
  return bytes;
}

const ownForm: BootCopyForm = { encode: encodeBootCopy, decode: decodeBootCopy };
const ownImage = rawPartition(ownForm);
const uBootCopy = createUBootCopy();
const uBootImage = rawPartition(uBootCopy);

const grub: Pick<TestBootloader, "form" | "offsets"> = {
  form: grubCopy,
  offsets: [grubOffsets[0] ?? 0, grubOffsets[1] ?? 0],
};

export const BOOTLOADERS: readonly TestBootloader[] = [
  {
    name: "GRUB",
    bootloader: "grub",
    factory: grubImage,
    ...grub,
    disk: () => new SectorDisk(grubImage),
    control: (disk, booted = "a") => createGrubBootControl(depsOf(disk, booted)),
    start: (disk) => startInPlace(disk, grub.form, grub.offsets),
  },
  {
    name: "U-Boot",
    bootloader: "u-boot",
    factory: uBootImage,
    form: uBootCopy,
    offsets: RAW_COPY_OFFSETS,
    disk: () => new SectorDisk(uBootImage),
    control: (disk, booted = "a") => createUBootControl(depsOf(disk, booted)),
    start: (disk) => startInPlace(disk, uBootCopy, RAW_COPY_OFFSETS),
  },
  {
    name: "a bootloader in Moult's own words",
    bootloader: "raw",
    factory: ownImage,
    form: ownForm,
    offsets: RAW_COPY_OFFSETS,
    disk: () => new SectorDisk(ownImage),
    control: (disk, booted = "a") => createOwnBootControl(depsOf(disk, booted)),
    start: (disk) => {
      const { slot, write } = chooseBoot(
        copiesOn(disk, { form: ownForm, offsets: RAW_COPY_OFFSETS }),
      );
      if (write !== null) disk.put(RAW_COPY_OFFSETS[write.copy], write.bytes);
      return slot;
    },
  },
];
