import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "@moult/artifact";
import { makeBootCode } from "../../tools/rig/boards/make-boot-code.ts";
import { makeFileSystem } from "../../tools/rig/image/make-file-system.ts";
import { ROOT } from "../../tools/build/bundle-program.ts";
import { runTool } from "../../tools/rig/image/run-tool.ts";
import { tinyArmKernel, tinyPcKernel } from "./tiny-kernels.fixture.ts";

// A real bootloader with the script that ships, a disk with two slots, and in each a kernel that only says that it runs.

export interface Choice {
  readonly generation: number;
  readonly good: string;
  readonly trial: string;
  readonly tries: number;
}

export interface ScriptMachine {
  readonly name: string;
  /** Where everything lies, for who serves the disk in a way of their own. */
  readonly place: {
    readonly file: string;
    readonly offsets: readonly [number, number];
    readonly slots: Readonly<Record<"a" | "b", number>>;
    readonly slotBytes: number;
  };
  /** As the bootloader and the agent write a copy. */
  readonly sectorOf: (choice: Choice) => Buffer;
  readonly read: (copy: 0 | 1) => Buffer;
  readonly write: (copy: 0 | 1, sector: Buffer) => void;
  /** The kernel of a slot, or none. */
  readonly breakSlot: (slot: "a" | "b") => void;
  /** From power-on to the kernel's restart: what was on the serial line. */
  readonly start: (options?: { readonly isReadOnly?: boolean }) => string;
  readonly close: () => void;
}

const INTEGRATION = fileURLToPath(new URL("../../apps/agent/boot-integration", import.meta.url));
const SECTOR_BYTES = 512;
const MEBIBYTE = 1024 * 1024;
const SLOT_BYTES = 8 * MEBIBYTE;
/** In mebibytes: the bootloader's own, the boot environment, the slots. */
const PLACES = { own: [1, 2], env: [3, 1], a: [4, 8], b: [12, 8] } as const;
/** A power of two: what is an SD card has to be. */
const DISK_BYTES = 32 * MEBIBYTE;
const START_MS_MAX = 120_000;

const shipped = (name: string): string => readFileSync(join(INTEGRATION, name), "utf8");

/** A disk in a file, and what can be done to it from outside. */
class Disk {
  readonly file: string;
  readonly #folder: string;
  readonly #handle: number;

  constructor(folder: string, ownType: string) {
    this.#folder = folder;
    this.file = join(folder, "disk.img");
    this.#handle = openSync(this.file, "w+");
    ftruncateSync(this.#handle, DISK_BYTES);
    const table = Object.values(PLACES).map(
      ([start, size], index) => `--new=${index + 1}:${start * 2_048}:+${size}M`,
    );
    runTool("sgdisk", [...table, "--typecode=1:" + ownType, "--attributes=1:set:2", this.file]);
  }

  put(offset: number, bytes: Uint8Array): void {
    writeSync(this.#handle, bytes, 0, bytes.length, offset);
  }

  get(offset: number, lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes);
    readSync(this.#handle, bytes, 0, lengthBytes, offset);
    return bytes;
  }

  /** A file system with these files, in a partition. */
  format(
    place: keyof typeof PLACES,
    kind: "ext2" | "ext4",
    files: Readonly<Record<string, Uint8Array>>,
  ): void {
    const tree = join(this.#folder, `tree-${place}`);
    mkdirSync(join(tree, "boot"), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(tree, name), content);
    const file = join(this.#folder, `${place}.img`);
    const [, size] = PLACES[place];
    const uuid = "00000000-0000-4000-8000-000000000001";
    const sizeBytes = size * MEBIBYTE;
    makeFileSystem({ kind, tree, file, sizeBytes, label: place, uuid, hasJournal: false });
    this.put(startOf(place), readFileSync(file));
  }

  close(): void {
    closeSync(this.#handle);
  }
}

const startOf = (place: keyof typeof PLACES): number => PLACES[place][0] * MEBIBYTE;

function machineOf(
  name: string,
  disk: Disk,
  offsets: readonly [number, number],
  sectorOf: (choice: Choice) => Buffer,
  command: (isReadOnly: boolean) => readonly string[],
): ScriptMachine {
  return {
    name,
    place: {
      file: disk.file,
      offsets,
      slots: { a: startOf("a"), b: startOf("b") },
      slotBytes: SLOT_BYTES,
    },
    sectorOf,
    read: (copy) => disk.get(offsets[copy], SECTOR_BYTES),
    write: (copy, sector) => disk.put(offsets[copy], sector),
    breakSlot: (slot) => disk.put(startOf(slot), Buffer.alloc(SLOT_BYTES)),
    start: ({ isReadOnly = false } = {}) => {
      const [program = "", ...args] = command(isReadOnly);
      const ran = spawnSync(program, args, { encoding: "latin1", timeout: START_MS_MAX });
      if (ran.status !== 0) throw new Error(`${program} ended with ${ran.status}: ${ran.stdout}`);
      return ran.stdout;
    },
    close: () => disk.close(),
  };
}

const drive = (disk: Disk, isReadOnly: boolean): string =>
  `file=${disk.file},format=raw,if=none,id=d0,readonly=${isReadOnly ? "on" : "off"}`;

function grubSector({ generation, good, trial, tries }: Choice): Buffer {
  const text = `# GRUB Environment Block\nmoult_generation=${generation}\nmoult_good=${good}\nmoult_trial=${trial}\nmoult_tries=${tries}\n`;
  return Buffer.from(text.padEnd(SECTOR_BYTES, "#"));
}

export function makeGrubMachine(folder: string): ScriptMachine {
  const disk = new Disk(folder, "ef02");
  const boot = makeBootCode(
    { "grub.cfg": shipped("grub/grub.cfg"), "moult.cfg": shipped("grub/moult.cfg") },
    startOf("own") / SECTOR_BYTES,
  );
  disk.put(0, boot.first);
  disk.put(startOf("own"), boot.core);
  const block = (generation: number): Buffer =>
    Buffer.from(
      grubSector({ generation, good: "a", trial: "", tries: 0 })
        .toString("latin1")
        .padEnd(2 * SECTOR_BYTES, "#"),
    );
  const copies = [block(1), block(2)] as const;
  disk.format("env", "ext2", { "boot-env.0": copies[0], "boot-env.1": copies[1] });
  const env = disk.get(startOf("env"), MEBIBYTE);
  for (const slot of ["a", "b"] as const)
    disk.format(slot, "ext4", { "boot/vmlinuz": tinyPcKernel() });
  return machineOf(
    "GRUB",
    disk,
    [startOf("env") + env.indexOf(copies[0]), startOf("env") + env.indexOf(copies[1])],
    grubSector,
    (isReadOnly) =>
      `qemu-system-x86_64 -nodefaults -display none -machine q35,accel=tcg -cpu max -m 128 -serial stdio -nic none -no-reboot -drive ${drive(disk, isReadOnly)} -device virtio-blk-pci,drive=d0,bootindex=0`.split(
        " ",
      ),
  );
}

const uBootSector =
  (flags: readonly number[]) =>
  ({ generation, good, trial, tries }: Choice): Buffer => {
    const text = `moult_generation=${generation.toString(16)}\0moult_good=${good}\0moult_trial=${trial}\0moult_tries=${tries}\0\0`;
    const sector = Buffer.alloc(SECTOR_BYTES);
    const head = 4 + flags.length;
    sector.write(text, head, "latin1");
    sector.set(flags, 4);
    sector.writeUInt32LE(crc32(sector.subarray(head)), 0);
    return sector;
  };

/** Of a disk for U-Boot: its script, and kernels in its slots. */
function makeUBootDisk(folder: string, board: string): Disk {
  const disk = new Disk(folder, "8300");
  const commands = join(folder, "boot.cmd");
  writeFileSync(commands, board + shipped("u-boot/moult.cmd"));
  const script = join(folder, "boot.scr");
  runTool("mkimage", ["-A", "arm64", "-T", "script", "-d", commands, script]);
  disk.format("own", "ext2", { "boot.scr": readFileSync(script) });
  for (const slot of ["a", "b"] as const)
    disk.format(slot, "ext4", { "boot/vmlinuz": tinyArmKernel(`moult.slot=${slot}\n`) });
  return disk;
}

const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const U_BOOT_COPIES = [startOf("env"), startOf("env") + MEBIBYTE / 2] as const;
const ARM_MACHINE =
  "qemu-system-aarch64 -nodefaults -display none -M virt -cpu cortex-a53 -m 512 -serial stdio -nic none -no-reboot";

/** Debian's build, whose own environment is in flash that it cannot write. */
export function makeUBootMachine(folder: string): ScriptMachine {
  if (!existsSync(U_BOOT)) throw new Error(`${U_BOOT} is missing: tools/test-packages.sh rig`);
  const disk = makeUBootDisk(folder, shipped("u-boot/board.cmd"));
  const flash = ["firmware.img", "variables.img"].map((name) => join(folder, name));
  copyFileSync(U_BOOT, flash[0] ?? "");
  writeFileSync(flash[1] ?? "", "");
  for (const file of flash) {
    const handle = openSync(file, "r+");
    ftruncateSync(handle, 64 * MEBIBYTE);
    closeSync(handle);
  }
  return machineOf("U-Boot", disk, U_BOOT_COPIES, uBootSector([]), (isReadOnly) =>
    `${ARM_MACHINE} -drive if=pflash,format=raw,readonly=on,file=${flash[0]} -drive if=pflash,format=raw,file=${flash[1]} -drive ${drive(disk, isReadOnly)} -device nvme,drive=d0,serial=a`.split(
      " ",
    ),
  );
}

/**
 * Debian's source, built as for boards that keep two copies of an environment of their own on the card that they start
 * from (`u-boot/redundant.config`). Such builds have one byte of flags in what they export.
 */
export function makeRedundantUBootMachine(folder: string): ScriptMachine {
  const config = join(import.meta.dirname, "u-boot/redundant.config");
  const digest = createHash("sha256").update(readFileSync(config)).digest("hex").slice(0, 12);
  const firmware = join(ROOT, `.build/rig/u-boot-redundant-${digest}.bin`);
  runTool(join(ROOT, "tools/build-u-boot.sh"), [config, firmware]);
  const onCard = shipped("u-boot/board.cmd").replace("moult_if nvme", "moult_if mmc");
  const disk = makeUBootDisk(folder, onCard);
  // No card is read-only to QEMU; one whose writes come to nothing, without a word to the guest, is the harder case.
  const card = (isReadOnly: boolean): string =>
    isReadOnly
      ? `driver=blkdebug,node-name=d0,image.driver=file,image.filename=${disk.file},inject-error.0.event=none,inject-error.0.iotype=write`
      : `driver=file,node-name=d0,filename=${disk.file}`;
  return machineOf(
    "U-Boot with an environment of its own",
    disk,
    U_BOOT_COPIES,
    uBootSector([0]),
    (isReadOnly) =>
      `${ARM_MACHINE} -bios ${firmware} -blockdev ${card(isReadOnly)} -device sdhci-pci -device sd-card,drive=d0`.split(
        " ",
      ),
  );
}
