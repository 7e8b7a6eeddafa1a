import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../../build/bundle-program.ts";
import { layoutOf } from "../image/disk-layout.ts";
import { runTool } from "../image/run-tool.ts";
import type { Board, FirmwareChoice } from "../machine/board.ts";
import { FOR_EMULATION } from "./grub.ts";
import { GRUB_UEFI } from "./grub-uefi.ts";
import { makeEsp } from "./make-esp.ts";
import { FIND_ROOT_BY_VARIABLES } from "./systemd-boot-early.ts";
import { readUefiVariables } from "./uefi-variables.ts";
import { uefiVariablesFile } from "./uefi-firmware.ts";
import { x86Guest } from "./x86-guest.ts";

const LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
const INTEGRATION = join(ROOT, "apps/agent/boot-integration/systemd-boot");
const MEBIBYTE = 1024 * 1024;
/** The room of one kernel's file. */
const KERNEL_ROOM = 20 * MEBIBYTE;
const COMMAND_LINE = `rootfstype=ext4 console=ttyS0 quiet panic=1 tsc=unstable ${FOR_EMULATION}`;

const LAYOUT = layoutOf({
  boot: { mebibytes: 48, typeCode: "ef00" },
  systemMebibytes: 28,
  runtimeMebibytes: 144,
});

/** systemd-boot under UEFI: what it chooses by lies in the firmware's flash, and what it starts on the EFI system partition. */
export const SYSTEMD_BOOT: Board = {
  ...GRUB_UEFI,
  name: "systemd-boot",
  layout: LAYOUT,
  slots: {
    bootloader: "systemd-boot",
    environment: "/dev/vda1",
    devices: { a: "/dev/vda3", b: "/dev/vda4" },
  },
  triesMax: 1,
  guest: (cache) => {
    const guest = x86Guest(cache);
    const [first = ""] = guest.earlyModules;
    const efivarfs = join(dirname(first), "../../fs/efivarfs/efivarfs.ko");
    return { ...guest, earlyModules: [...guest.earlyModules, efivarfs] };
  },
  early: {
    findRoot: FIND_ROOT_BY_VARIABLES,
    programs: { "moult-slot": join(INTEGRATION, "moult-slot") },
  },
  addToSystem: (tree) => {
    const kernel = join(tree, "boot/vmlinuz");
    const initrd = join(tree, "boot/initrd");
    makeUefiKernel(kernel, initrd, join(tree, "etc/filler"), join(tree, "boot/moult.efi"));
    for (const part of [kernel, initrd]) rmSync(part);
    copyFileSync("/usr/bin/chattr", join(tree, "usr/bin/chattr"));
    copyFileSync(join(INTEGRATION, "moult-slot"), join(tree, "usr/bin/moult-slot"));
  },
  scripts: () => ({ "loader.conf": shippedConfig() }),
  install: (disk, scripts, systemFile) => {
    const kernel = Buffer.alloc(KERNEL_ROOM);
    kernelOf(systemFile).copy(kernel);
    disk.place("moult-boot", espOf([kernel, kernel], scripts["loader.conf"]));
  },
  environment: { blockBytes: 0, find: () => [0, 0], parse: () => undefined },
  firmware: {
    choice: (folder) => choiceIn(readFileSync(uefiVariablesFile(folder))),
    partition: "moult-boot",
    fault: (esp, slot, systemFile) => {
      const factory = factoryEsp();
      if (!factory.tables.equals(tablesOf(esp, factory.places)))
        return "its file system is not as the factory made it";
      const place = factory.places[slot === "a" ? 0 : 1];
      const kernel = kernelOf(systemFile);
      return esp.subarray(place, place + kernel.length).equals(kernel)
        ? undefined
        : `the kernel of slot ${slot} is not that of its system`;
    },
  },
};

/** With kernels of zeroes; what is around them stays as it is for ever. */
const factoryEsp = once(
  (): { readonly tables: Buffer; readonly places: readonly [number, number] } => {
    const marks = [randomBytes(32), randomBytes(32)] as const;
    const marked = espOf(marks.map((mark) => Buffer.concat([mark], KERNEL_ROOM)));
    const places = [marked.indexOf(marks[0]), marked.indexOf(marks[1])] as const;
    return { tables: tablesOf(marked, places), places };
  },
);

/** All but the kernels. */
function tablesOf(esp: Buffer, places: readonly [number, number]): Buffer {
  const rest = Buffer.from(esp);
  for (const place of places) rest.fill(0, place, place + KERNEL_ROOM);
  return rest;
}

function once<Result>(make: () => Result): () => Result {
  let made: Result | undefined;
  return () => (made ??= make());
}

/** The partition as a factory makes it, with these files for the kernels of both slots. */
function espOf(
  [a = Buffer.alloc(0), b = Buffer.alloc(0)]: readonly Buffer[],
  config = shippedConfig(),
): Buffer {
  const files = [
    { path: "EFI/BOOT/BOOTX64.EFI", bytes: readFileSync(LOADER) },
    { path: "loader/loader.conf", bytes: Buffer.from(config) },
    { path: "EFI/Linux/moult-a.efi", bytes: a },
    { path: "EFI/Linux/moult-b.efi", bytes: b },
  ];
  return makeEsp(files, LAYOUT.partitions["moult-boot"].sizeBytes);
}

const shippedConfig = (): string => readFileSync(join(INTEGRATION, "loader.conf"), "utf8");

function choiceIn(flash: Buffer): FirmwareChoice {
  const variables = readUefiVariables(flash);
  const slotIn = (name: string): string =>
    /^moult-([ab])\.efi\0$/.exec(variables.get(name)?.toString("utf16le") ?? "")?.[1] ?? "";
  const good = slotIn("LoaderEntryDefault") || "a";
  const start = slotIn("LoaderEntryOneShot");
  if (start !== "" && start !== good) return { good, trial: start, tries: 1 };
  const mark = slotIn("MoultTrial");
  return { good, trial: mark === good ? "" : mark, tries: 0 };
}

/** One program for the firmware, of systemd's stub, a kernel, an initrd, and bytes that no other release has. */
function makeUefiKernel(kernel: string, initrd: string, filler: string, file: string): void {
  const folder = mkdtempSync(join(tmpdir(), "moult-uki-"));
  try {
    const put = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const sections = [
      [".osrel", put("osrel", "ID=moult\nVERSION_ID=1\nPRETTY_NAME=Moult\n"), "0x20000"],
      [".cmdline", put("cmdline", COMMAND_LINE), "0x30000"],
      [".filler", put("filler", readFileSync(filler).subarray(0, 2 * MEBIBYTE)), "0x1000000"],
      [".linux", kernel, "0x2000000"],
      [".initrd", initrd, "0x3000000"],
    ].flatMap(([name, from, address]) => [
      "--add-section",
      `${name}=${from}`,
      "--change-section-vma",
      `${name}=${address}`,
    ]);
    runTool("objcopy", [...sections, STUB, file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a system's file system has as its kernel. */
const kernelOf = (systemFile: string): Buffer =>
  runTool("debugfs", ["-R", "cat /boot/moult.efi", systemFile]);
