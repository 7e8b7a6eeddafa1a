import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";

/** Debian's OVMF: the code, and variables as a factory has them. */
const CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/** What makes the emulator a machine with UEFI, whose variables stay in `folder` from start to start. */
export function uefiFirmware(folder: string): string[] {
  return [
    "-drive",
    `if=pflash,unit=0,format=raw,readonly=on,file=${CODE}`,
    "-drive",
    `if=pflash,unit=1,format=raw,file=${uefiVariablesFile(folder)}`,
  ];
}

/** The flash: it has no cache, so what a cut leaves is what was written up to it. */
export function uefiVariablesFile(folder: string): string {
  const file = join(folder, "uefi-variables.fd");
  if (!existsSync(file)) copyFileSync(VARIABLES, file);
  return file;
}
