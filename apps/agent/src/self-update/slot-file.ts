import { constants, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { SlotDevice } from "@moult/agent-core";
import { syncFolder } from "../storage/durable-file.ts";

/** A file as a slot: it gets the size of what it is to hold, because a program may not have anything behind its end. */
export async function openSlotFile(
  path: string,
  sizeBytes: number,
  dropCache: () => Promise<void>,
): Promise<SlotDevice> {
  await withFile(path, constants.O_RDWR | constants.O_CREAT, async (file) => {
    if ((await file.stat()).size !== sizeBytes) await file.truncate(sizeBytes);
  });
  return {
    sizeBytes,
    read: (offset, lengthBytes) =>
      withFile(path, constants.O_RDONLY, async (file) => {
        const bytes = new Uint8Array(lengthBytes);
        let length = 0;
        while (length < lengthBytes) {
          const { bytesRead } = await file.read(
            bytes,
            length,
            lengthBytes - length,
            offset + length,
          );
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return bytes.subarray(0, length);
      }),
    write: (offset, bytes) =>
      withFile(path, constants.O_RDWR, async (file) => {
        let length = 0;
        while (length < bytes.length) {
          const { bytesWritten } = await file.write(
            bytes,
            length,
            bytes.length - length,
            offset + length,
          );
          length += bytesWritten;
        }
      }),
    sync: async () => {
      await withFile(path, constants.O_RDONLY, (file) => file.sync());
      await syncFolder(dirname(path));
    },
    dropCache,
  };
}

async function withFile<Result>(
  path: string,
  flags: number,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags, 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
