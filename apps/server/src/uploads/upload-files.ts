import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UploadId } from "@moult/model";
import { flush, orDiskFull } from "../platform/blobs.ts";

const READ_BYTES = 256 * 1024;

/** An upload's bytes while they arrive. */
export interface UploadWriter {
  /** At `position`, over whatever a connection that broke may have left there. */
  write(chunk: Uint8Array, position: number): Promise<void>;
  /** What was written survives a power cut when this returns. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A folder with one file for each upload that is not finished. */
export interface UploadFiles {
  create(id: UploadId): Promise<void>;
  open(id: UploadId): Promise<UploadWriter>;
  /** Undefined: there is none. */
  sizeBytes(id: UploadId): Promise<number | undefined>;
  read(id: UploadId): AsyncIterable<Uint8Array>;
  /** From `start` up to, not including, `end`. */
  readPart(id: UploadId, start: number, end: number): Promise<Uint8Array>;
  pathOf(id: UploadId): string;
  /** One that is gone is fine. */
  remove(id: UploadId): Promise<void>;
  list(): Promise<UploadId[]>;
  /** What of its disk the server may still fill. */
  freeBytes(): Promise<number>;
}

export async function openUploadFiles(folder: string): Promise<UploadFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // An id is a UUID, so it is a name of one part.
  const pathOf = (id: UploadId): string => join(folder, UploadId.parse(id));
  return {
    pathOf,
    create: (id) =>
      orDiskFull(async () => {
        await writeFile(pathOf(id), "", { flag: "wx", mode: 0o600 });
        await flush(pathOf(id));
        await flush(folder);
      }),
    open: async (id) => {
      const file = await open(pathOf(id), "r+");
      return {
        write: (chunk, position) =>
          orDiskFull(async () => {
            let written = 0;
            while (written < chunk.length)
              written += (
                await file.write(chunk, written, chunk.length - written, position + written)
              ).bytesWritten;
          }),
        flush: () => orDiskFull(() => file.datasync()),
        close: () => file.close(),
      };
    },
    sizeBytes: async (id) => {
      try {
        return (await stat(pathOf(id))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    read: (id) => createReadStream(pathOf(id), { highWaterMark: READ_BYTES }),
    readPart: async (id, start, end) => {
      const file = await open(pathOf(id), "r");
      try {
        const bytes = Buffer.alloc(end - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    remove: (id) => rm(pathOf(id), { force: true }),
    list: async () =>
      (await readdir(folder)).flatMap((name) => {
        const id = UploadId.safeParse(name);
        return id.success ? [id.data] : [];
      }),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}
