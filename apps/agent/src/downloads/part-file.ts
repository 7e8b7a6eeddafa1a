import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError } from "../agent-error.ts";
import { makeFolder, syncFolder, systemCode } from "../storage/durable-file.ts";

/** Written data are forced to the disk this often: what a power cut can cost, and how much the disk holds back at most. */
const SYNC_EVERY_BYTES = 8 * 1024 * 1024;

/** A file that arrives in pieces and is hashed as it grows. */
export interface PartFile {
  readonly sizeBytes: number;
  append(chunk: Uint8Array): Promise<void>;
  /** Starts over. */
  clear(): Promise<void>;
  /** Of everything so far; it may grow on afterwards. */
  sha256(): string;
  /** Makes it `file`, durably. The part is closed and gone. */
  becomes(file: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a part and hashes what an earlier run left in it; more than `sizeBytesMax` of it is thrown away. */
export async function openPartFile(path: string, sizeBytesMax: number): Promise<PartFile> {
  await makeFolder(dirname(path));
  const handle = await failing(path, "open", () => open(path, "a+", 0o600));
  let sizeBytes = 0;
  let unsyncedBytes = 0;
  let hash = createHash("sha256");

  const clear = async (): Promise<void> => {
    await failing(path, "write", () => handle.truncate(0));
    sizeBytes = 0;
    hash = createHash("sha256");
  };
  const part: PartFile = {
    get sizeBytes() {
      return sizeBytes;
    },
    append: async (chunk) => {
      await failing(path, "write", () => writeAll(handle, chunk));
      hash.update(chunk);
      sizeBytes += chunk.length;
      unsyncedBytes += chunk.length;
      if (unsyncedBytes < SYNC_EVERY_BYTES) return;
      await failing(path, "write", () => handle.datasync());
      unsyncedBytes = 0;
    },
    clear,
    sha256: () => hash.copy().digest("hex"),
    becomes: async (file) => {
      await failing(path, "write", () => handle.sync());
      await handle.close();
      await makeFolder(dirname(file));
      await failing(file, "write", () => rename(path, file));
      await syncFolder(dirname(file));
    },
    close: () => handle.close(),
  };

  try {
    sizeBytes = await hashFile(path, hash);
    if (sizeBytes > sizeBytesMax) await clear();
    return part;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether `file` is there with this size and digest; reads it all. */
export async function isWholeFile(
  file: string,
  sizeBytes: number,
  sha256: string,
): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    return (await hashFile(file, hash)) === sizeBytes && hash.digest("hex") === sha256;
  } catch (error) {
    if (systemCode(error instanceof AgentError ? error.cause : error) === "ENOENT") return false;
    throw error;
  }
}

export async function removePart(path: string): Promise<void> {
  await failing(path, "remove", () => rm(path, { force: true }));
}

async function hashFile(path: string, hash: Hash): Promise<number> {
  return failing(path, "read", async () => {
    let sizeBytes = 0;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
    }
    return sizeBytes;
  });
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, written);
    written += bytesWritten;
  }
}

async function failing<Result>(
  path: string,
  doing: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    const reason = systemCode(cause);
    if (reason === "ENOSPC" || reason === "EDQUOT")
      throw new AgentError("disk-full", { path }, { cause });
    throw new AgentError("file-failed", { path, doing, reason }, { cause });
  }
}
