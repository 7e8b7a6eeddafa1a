import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "@moult/base";
import { makeEsp } from "../../tools/rig/boards/make-esp.ts";
import { readUefiVariables } from "../../tools/rig/boards/uefi-variables.ts";
import { runTool } from "../../tools/rig/image/run-tool.ts";
import { tinyUefiProgram } from "./tiny-uefi-program.fixture.ts";

// The real systemd-boot and the real OVMF, with kernels that only say which slot they are.

const LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const FIRMWARE = "/usr/share/OVMF";
const CONFIG = fileURLToPath(
  new URL("../../apps/agent/boot-integration/systemd-boot/loader.conf", import.meta.url),
);
const MEBIBYTE = 1024 * 1024;
const ESP_BYTES = 32 * MEBIBYTE;
const START_MS_MAX = 120_000;

export interface SystemdBootMachine {
  /** From power-on to the kernel's restart: what was on the serial line. */
  start(): string;
  /** What the firmware keeps. */
  variables(): ReadonlyMap<string, Buffer>;
  setEntry(name: "LoaderEntryDefault" | "LoaderEntryOneShot", slot: "a" | "b"): void;
  /** Makes the entry that the firmware started from the next one too, as a factory does. */
  enterTwice(): void;
  /** The bytes of the EFI system partition. */
  esp(): Buffer;
}

export function makeSystemdBootMachine(
  folder: string,
  kernels: Readonly<Record<"a" | "b", Buffer>> = { a: kernelOf("a"), b: kernelOf("b") },
): SystemdBootMachine {
  const disk = join(folder, "disk.img");
  const flash = join(folder, "variables.fd");
  copyFileSync(join(FIRMWARE, "OVMF_VARS_4M.fd"), flash);
  const loader = readFileSync(LOADER);
  const files = [
    { path: "EFI/BOOT/BOOTX64.EFI", bytes: loader },
    { path: "loader/loader.conf", bytes: readFileSync(CONFIG) },
    { path: "EFI/Linux/moult-a.efi", bytes: kernels.a },
    { path: "EFI/Linux/moult-b.efi", bytes: kernels.b },
  ];
  const whole = Buffer.alloc(ESP_BYTES + 2 * MEBIBYTE);
  makeEsp(files, ESP_BYTES).copy(whole, MEBIBYTE);
  writeFileSync(disk, whole);
  runTool("sgdisk", ["--new=1:2048:+32M", "--typecode=1:ef00", disk]);
  const command = `qemu-system-x86_64 -nodefaults -display none -machine q35,accel=tcg -cpu qemu64 -m 256 -serial stdio -nic none -no-reboot -drive if=pflash,unit=0,format=raw,readonly=on,file=${FIRMWARE}/OVMF_CODE_4M.fd -drive if=pflash,unit=1,format=raw,file=${flash} -drive file=${disk},format=raw,if=none,id=d0 -device virtio-blk-pci,drive=d0`;
  const put = (name: string, vendor: string, value: Buffer): void => {
    const bytes = readFileSync(flash);
    putVariable(bytes, name, vendor, value);
    writeFileSync(flash, bytes);
  };
  return {
    start: () => {
      const [program = "", ...args] = command.split(" ");
      const ran = spawnSync(program, args, { encoding: "latin1", timeout: START_MS_MAX });
      if (ran.status !== 0) throw new Error(`${program} ended with ${ran.status}: ${ran.stdout}`);
      return ran.stdout;
    },
    variables: () => readUefiVariables(readFileSync(flash)),
    setEntry: (name, slot) =>
      put(name, LOADER_VENDOR, Buffer.from(`moult-${slot}.efi\0`, "utf16le")),
    enterTwice: () => {
      const entry = present(readUefiVariables(readFileSync(flash)).get("Boot0001"), "it started");
      put("Boot0009", UEFI_VENDOR, Buffer.from(entry));
      put("BootOrder", UEFI_VENDOR, Buffer.from("01000900", "hex"));
    },
    esp: () => readFileSync(disk).subarray(MEBIBYTE, MEBIBYTE + ESP_BYTES),
  };
}

export const kernelOf = (slot: string): Buffer => {
  const file = Buffer.alloc(MEBIBYTE);
  // With room behind it, as the files of slots have.
  tinyUefiProgram(`moult.slot=${slot}`).copy(file);
  return file;
};

const LOADER_VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
const UEFI_VENDOR = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const RECORD_BYTES = 60;
const DELETED = 0xfd;

/** Behind the last variable of OVMF's store (EDK II, Guid/VariableFormat.h); the one before of this name holds no more. */
function putVariable(flash: Buffer, name: string, vendor: string, value: Buffer): void {
  const names = Buffer.from(`${name}\0`, "utf16le");
  let at = flash.readUInt16LE(0x30) + 28;
  while (flash.readUInt16LE(at) === 0x55aa) {
    const nameAt = at + RECORD_BYTES;
    const nameBytes = flash.readUInt32LE(at + 36);
    if (flash.subarray(nameAt, nameAt + nameBytes).equals(names))
      flash.writeUInt8(flash.readUInt8(at + 2) & DELETED, at + 2);
    at = Math.ceil((nameAt + nameBytes + flash.readUInt32LE(at + 40)) / 4) * 4;
  }
  const head = Buffer.alloc(RECORD_BYTES);
  head.writeUInt16LE(0x55aa, 0);
  head.writeUInt8(0x3f, 2);
  head.writeUInt32LE(7, 4);
  head.writeUInt32LE(names.length, 36);
  head.writeUInt32LE(value.length, 40);
  const [first = "", second = "", third = "", ...rest] = vendor.split("-");
  head.writeUInt32LE(Number.parseInt(first, 16), 44);
  head.writeUInt16LE(Number.parseInt(second, 16), 48);
  head.writeUInt16LE(Number.parseInt(third, 16), 50);
  head.write(rest.join(""), 52, "hex");
  Buffer.concat([head, names, value]).copy(flash, at);
}
