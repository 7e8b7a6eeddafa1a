import { readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { SlotDevice } from "@moult/agent-core";
import type { BootArea } from "../config.ts";
import { InstallError } from "../installers/install-error.ts";
import { openBlockDevice } from "../storage/block-device.ts";
import { systemCode } from "../storage/durable-file.ts";

export interface BootAreaDeps {
  /** `/sys/class/block`. */
  readonly sysBlockDir: string;
  /** Makes that reads come from the medium. */
  readonly dropCache: () => Promise<void>;
}

/**
 * Opens one copy's place, and nothing around it, for as long as `use` takes. Throws `install-failed` when it is not where it may
 * be written.
 */
export async function withBootArea<Result>(
  area: BootArea,
  { sysBlockDir, dropCache }: BootAreaDeps,
  use: (device: SlotDevice) => Promise<Result>,
): Promise<Result> {
  const { offsetBytes, sizeBytes } = area;
  const inSystem = join(sysBlockDir, basename(await realpath(area.device)));
  await refusePartitions(area, inSystem);
  // The system keeps an eMMC's boot partitions from being written (Documentation/driver-api/mmc/mmc-dev-parts.rst).
  const guard = area.forceRo === true ? join(inSystem, "force_ro") : undefined;
  if (guard !== undefined) await writeFile(guard, "0\n");
  try {
    // Other partitions of the same medium are mounted, so nobody can have it alone.
    const device = await openBlockDevice(area.device, { isExclusive: false, dropCache });
    try {
      if (offsetBytes + sizeBytes > device.sizeBytes)
        throw new InstallError(
          "install-failed",
          `${area.device} ends within the bootloader's place`,
        );
      return await use({
        sizeBytes,
        read: (offset, lengthBytes) =>
          device.read(offsetBytes + offset, Math.min(lengthBytes, sizeBytes - offset)),
        write: (offset, bytes) => device.write(offsetBytes + offset, bytes),
        sync: () => device.sync(),
        dropCache: () => device.dropCache(),
      });
    } finally {
      await device.close();
    }
  } finally {
    if (guard !== undefined) await writeFile(guard, "1\n");
  }
}

/** A number mistyped in the configuration must not cost a file system. */
async function refusePartitions(area: BootArea, inSystem: string): Promise<void> {
  const end = area.offsetBytes + area.sizeBytes;
  for (const name of await namesIn(inSystem)) {
    const folder = join(inSystem, name);
    const [start, size] = [await sectorsIn(folder, "start"), await sectorsIn(folder, "size")];
    if (start === undefined || size === undefined) continue;
    if (start < end && area.offsetBytes < start + size)
      throw new InstallError(
        "install-failed",
        `the bootloader's place on ${area.device} lies in the partition ${name}`,
      );
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    // A file in place of a device, which has no partitions.
    if (systemCode(cause) === "ENOENT") return [];
    throw cause;
  }
}

const SECTOR_BYTES = 512;

/** In bytes; undefined for what is no partition. */
async function sectorsIn(folder: string, name: string): Promise<number | undefined> {
  try {
    return Number(await readFile(join(folder, name), "utf8")) * SECTOR_BYTES;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cause;
  }
}
