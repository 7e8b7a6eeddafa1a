import { createFileBootControl, type BootControl } from "@moult/agent-core";
import { bootCopiesAsFiles, type BootCopiesDeps, type BootloaderDeps } from "./boot-copies.ts";
import { BootError } from "./boot-error.ts";
import { findExt2File } from "./ext2-file.ts";
import { GRUB_BLOCK_BYTES, grubCopy } from "./grub-copy.ts";

/**
 * Boot control over two environment blocks of GRUB, `boot-env.0` and `boot-env.1` in a small ext2 that Linux never mounts, and
 * the script in boot-integration/grub. GRUB writes a file's blocks in place, but only of a file system, so there is one; the
 * agent writes the same sector past it.
 */
export function createGrubBootControl({ withDevice, booted, log }: BootloaderDeps): BootControl {
  const found = new Map<string, number>();
  const offsetOf: BootCopiesDeps["offsetOf"] = async (name, device) => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const { offset, sizeBytes, blockBytes } = await findExt2File(device, name);
    if (sizeBytes !== GRUB_BLOCK_BYTES)
      throw new BootError("boot-environment-missing", {
        reason: `its ${name} is not an environment block of ${GRUB_BLOCK_BYTES} bytes`,
      });
    // A page of memory is written back whole: it must never hold both copies.
    if (blockBytes < PAGE_BYTES)
      throw new BootError("boot-environment-missing", {
        reason: `its file system has blocks of less than ${PAGE_BYTES} bytes; make it with \`mke2fs -t ext2 -b ${PAGE_BYTES}\``,
      });
    found.set(name, offset);
    return offset;
  };
  return createFileBootControl({
    files: bootCopiesAsFiles({ withDevice, offsetOf, form: grubCopy }),
    booted,
    log,
  });
}

const PAGE_BYTES = 4_096;
