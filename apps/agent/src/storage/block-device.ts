import { constants, open, readFile, type FileHandle } from "node:fs/promises";
import type { SlotDevice } from "@moult/agent-core";
import { BootError } from "../bootloaders/boot-error.ts";
import { readAt, writeAt } from "./positioned-io.ts";
import { systemCode } from "./durable-file.ts";

export interface OpenedDevice extends SlotDevice {
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Nobody else may have it open in this way, as who mounts it has: it is not what runs. Files have no such guard. */
  readonly isExclusive: boolean;
  /** Makes that reads come from the medium; beside it the device is closed, which forgets what it held of a block device. */
  readonly dropCache: () => Promise<void>;
}

/** A block device, or a file of fixed size in its place. Each write has reached the device, its cache at least, when it is closed. */
export async function openBlockDevice(
  path: string,
  { isExclusive, dropCache }: DeviceOptions,
): Promise<OpenedDevice> {
  const flags = constants.O_RDWR | (isExclusive ? constants.O_EXCL : 0);
  let file = await openDevice(path, flags);
  const sizeBytes = await sizeOf(path, file);
  return {
    sizeBytes,
    read: (offset, lengthBytes) => readAt(file, offset, lengthBytes),
    write: (offset, bytes) => writeAt(file, offset, bytes),
    sync: () => file.sync(),
    dropCache: async () => {
      await file.close();
      await dropCache();
      file = await openDevice(path, flags);
    },
    close: () => file.close(),
  };
}

async function openDevice(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (cause) {
    if (systemCode(cause) === "EBUSY") throw new BootError("slot-mounted", { path }, { cause });
    throw cause;
  }
}

async function sizeOf(path: string, file: FileHandle): Promise<number> {
  try {
    const stats = await file.stat();
    if (stats.isFile()) return stats.size;
    if (!stats.isBlockDevice()) throw new BootError("slot-device-invalid", { path });
    const sectors = await readFile(`/sys/dev/block/${deviceNumber(stats.rdev)}/size`, "utf8");
    return Number(sectors) * SYSFS_SECTOR_BYTES;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** Whatever the device's own sectors are (Documentation/ABI/stable/sysfs-block). */
const SYSFS_SECTOR_BYTES = 512;

/** MAJOR:MINOR of a device number (makedev(3)). */
function deviceNumber(rdev: number): string {
  const major = Math.floor(rdev / 0x100) & 0xfff;
  const minor = (rdev & 0xff) | (Math.floor(rdev / 0x1000) & 0xfff00);
  return `${major}:${minor}`;
}
