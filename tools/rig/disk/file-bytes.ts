import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { DiskBytes } from "./forgetful-disk.ts";

/** A disk's bytes in a file of this machine, which itself loses nothing. */
export function openFileBytes(path: string): DiskBytes & { close(): void } {
  const file = openSync(path, "r+");
  const { size } = fstatSync(file);
  return {
    sizeBytes: size,
    read: (offset, lengthBytes) => {
      const bytes = Buffer.allocUnsafe(lengthBytes);
      for (let done = 0; done < lengthBytes;) {
        const count = readSync(file, bytes, done, lengthBytes - done, offset + done);
        if (count === 0) throw new Error(`${path} ends before byte ${offset + lengthBytes}`);
        done += count;
      }
      return bytes;
    },
    write: (offset, bytes) => {
      for (let done = 0; done < bytes.length;)
        done += writeSync(file, bytes, done, bytes.length - done, offset + done);
    },
    close: () => closeSync(file),
  };
}
