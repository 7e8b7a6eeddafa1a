import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BootScripts } from "../machine/board.ts";
import { runTool } from "../image/run-tool.ts";

const GRUB_FOLDER = "/usr/lib/grub/i386-pc";
const SECTOR_BYTES = 512;
/** Of the first sector: what follows is the partition table's. */
const BOOT_CODE_BYTES = 440;

/** What the script that ships needs, on any firmware. */
export const GRUB_MODULES =
  "part_gpt ext2 normal linux loadenv test echo memdisk tar reboot serial terminal minicmd sleep boot configfile".split(
    " ",
  );

export interface BootCode {
  /** For the disk's first bytes. */
  readonly first: Buffer;
  /** For the BIOS boot partition. */
  readonly core: Buffer;
}

/**
 * GRUB for a BIOS, with its scripts inside: what `grub-install` writes, but into a plain file. `coreSector` is where the
 * core will lie.
 */
export function makeBootCode(scripts: BootScripts, coreSector: number): BootCode {
  const folder = mkdtempSync(join(tmpdir(), "moult-grub-"));
  try {
    makeScriptArchive(scripts, folder);
    const output = ["-O", "i386-pc", "-o", "core.img", "-p", "(memdisk)/boot/grub"];
    const archive = ["-m", "memdisk.tar"];
    runTool("grub-mkimage", [...output, ...archive, "biosdisk", ...GRUB_MODULES], { cwd: folder });
    return {
      first: bootSector(readFileSync(join(GRUB_FOLDER, "boot.img")), coreSector),
      core: placedCore(readFileSync(join(folder, "core.img")), coreSector),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts the scripts where GRUB finds them in itself: into `memdisk.tar` in this folder. */
export function makeScriptArchive(scripts: BootScripts, folder: string): void {
  mkdirSync(join(folder, "boot/grub"), { recursive: true });
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(folder, "boot/grub", name), script);
  const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--format=ustar"];
  runTool("tar", [...reproducible, "-cf", "memdisk.tar", "boot"], { cwd: folder });
}

/** GRUB's first sector, told where its core is. The offsets are those of GRUB's include/grub/i386/pc/boot.h. */
function bootSector(image: Buffer, coreSector: number): Buffer {
  const first = Buffer.from(image);
  first.writeBigUInt64LE(BigInt(coreSector), 0x5c);
  // Two no-ops in place of a jump: the drive is the one that the BIOS names, as grub-bios-setup makes it for hard disks.
  first.writeUInt16LE(0x9090, 0x66);
  return first.subarray(0, BOOT_CODE_BYTES);
}

/** The core, told where the rest of it is: directly behind its own first sector. */
function placedCore(image: Buffer, coreSector: number): Buffer {
  const sectors = Math.ceil(image.length / SECTOR_BYTES);
  const core = Buffer.alloc(sectors * SECTOR_BYTES);
  image.copy(core);
  core.writeBigUInt64LE(BigInt(coreSector + 1), 0x1f4);
  core.writeUInt16LE(sectors - 1, 0x1fc);
  core.writeUInt16LE(0x820, 0x1fe);
  return core;
}
