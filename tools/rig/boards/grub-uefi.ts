import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layoutOf } from "../image/disk-layout.ts";
import { runTool } from "../image/run-tool.ts";
import type { Board, BootScripts } from "../machine/board.ts";
import { grubEnvironmentImage } from "./grub-environment-image.ts";
import { GRUB_MODULES, makeScriptArchive } from "./make-boot-code.ts";
import { GRUB, x86Emulator } from "./grub.ts";
import { makeEsp } from "./make-esp.ts";
import { uefiFirmware } from "./uefi-firmware.ts";

/** GRUB under UEFI: the same script and the same environment; only where GRUB itself lies differs. */
export const GRUB_UEFI: Board = {
  ...GRUB,
  name: "grub-uefi",
  layout: layoutOf({
    boot: { mebibytes: 8, typeCode: "ef00" },
    systemMebibytes: 26,
    runtimeMebibytes: 144,
  }),
  install: (disk, scripts) => {
    const files = [{ path: "EFI/BOOT/BOOTX64.EFI", bytes: makeGrubProgram(scripts) }];
    disk.place("moult-boot", makeEsp(files, disk.layout.partitions["moult-boot"].sizeBytes));
    disk.place("moult-env", grubEnvironmentImage(disk.layout.partitions["moult-env"]));
  },
  emulator: ({ diskSocket, folder }) => ({
    program: "qemu-system-x86_64",
    args: [...x86Emulator(diskSocket, UEFI_CPU), ...uefiFirmware(folder)],
  }),
};

/** With all that emulation can do, the firmware takes seconds longer to find out. */
const UEFI_CPU = "qemu64";

/** GRUB as one program for UEFI, with its scripts inside: what `grub-mkstandalone` makes. */
function makeGrubProgram(scripts: BootScripts): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "moult-grub-"));
  try {
    makeScriptArchive(scripts, folder);
    const output = ["-O", "x86_64-efi", "-o", "grub.efi", "-p", "(memdisk)/boot/grub"];
    runTool("grub-mkimage", [...output, "-m", "memdisk.tar", ...GRUB_MODULES], { cwd: folder });
    return readFileSync(join(folder, "grub.efi"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
