import type { DiskBytes } from "./forgetful-disk.ts";

/** A disk's bytes in memory; `content` is what it holds. */
export function memoryBytes(content: Buffer): DiskBytes {
  return {
    sizeBytes: content.length,
    read: (offset, lengthBytes) => Buffer.from(content.subarray(offset, offset + lengthBytes)),
    write: (offset, bytes) => {
      bytes.copy(content, offset);
    },
  };
}
