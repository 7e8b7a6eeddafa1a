import { constants, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { SlotDevice } from "@moult/agent-core";
import { syncFolder } from "../storage/durable-file.ts";
import { readAt, writeAt } from "../storage/positioned-io.ts";

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
      withFile(path, constants.O_RDONLY, (file) => readAt(file, offset, lengthBytes)),
    write: (offset, bytes) =>
      withFile(path, constants.O_RDWR, (file) => writeAt(file, offset, bytes)),
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
