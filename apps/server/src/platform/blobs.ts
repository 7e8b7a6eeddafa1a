import { createHash, randomUUID, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  type FileHandle,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert, DAY_MS, type BlobWriter, type Blobs } from "@moult/base";
import { ApiError } from "./api-error.ts";

const READ_BYTES = 256 * 1024;

export interface FolderBlobs extends Blobs {
  /**
   * A writer for the content of the file at `path`, which is whole and durable: what it is given is only hashed, and must
   * be that content. The file becomes the blob without being written again, and stays where it is.
   */
  adopt(path: string): BlobWriter;
}

/**
 * Blobs in a folder: `<folder>/ab/cd/<sha256>`, two levels so that no folder grows large, and `<folder>/incoming/` for
 * what is still being written. A blob appears by a rename after its content is on the disk, and the folder that names it
 * is flushed too; so after a power cut a digest either has its whole content or is not there. What `incoming/` holds at
 * start was cut short and is removed; in a folder that several servers share, what nobody has written to for a day.
 */
export async function openFolderBlobs(
  folder: string,
  use: "alone" | "shared" = "alone",
): Promise<FolderBlobs> {
  const incoming = join(folder, "incoming");
  if (use === "alone") await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  if (use === "shared") await removeAbandoned(incoming);

  return {
    begin: async () => {
      const temporary = join(incoming, randomUUID());
      const file = await orDiskFull(() => open(temporary, "wx", 0o600));
      return new FolderBlobWriter(folder, temporary, file);
    },
    adopt: (path) => new AdoptingBlobWriter(folder, path, join(incoming, randomUUID())),
    read: async (sha256, range) => {
      const path = pathOf(folder, sha256);
      // Opened before it answers, so that a blob deleted meanwhile is either there to the end or not at all.
      const file = await open(path).catch(onAbsent(undefined));
      if (file === undefined) return undefined;
      if (range !== undefined && range.end <= range.start) {
        await file.close();
        return nothing();
      }
      return createReadStream(path, {
        fd: file,
        highWaterMark: READ_BYTES,
        ...(range === undefined ? {} : { start: range.start, end: range.end - 1 }),
      });
    },
    sizeBytes: async (sha256) =>
      (await stat(pathOf(folder, sha256)).catch(onAbsent(undefined)))?.size,
    list: () => listBlobs(folder),
    delete: (sha256) => rm(pathOf(folder, sha256), { force: true }),
  };
}

async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    // Another server may be the first to remove it, or be done with it.
    const mtimeMs = (await stat(path).catch(onAbsent(undefined)))?.mtimeMs ?? Infinity;
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { force: true });
  }
}

class FolderBlobWriter implements BlobWriter {
  readonly #folder: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #sizeBytes = 0;
  #isOpen = true;

  constructor(folder: string, temporary: string, file: FileHandle) {
    this.#folder = folder;
    this.#temporary = temporary;
    this.#file = file;
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#isOpen, "a blob is written before it is finished or discarded");
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    await this.#orDiscard(async () => {
      let written = 0;
      while (written < chunk.length)
        written += (await this.#file.write(chunk, written, chunk.length - written)).bytesWritten;
    });
  }

  async finish(): Promise<{ sha256: string; sizeBytes: number }> {
    assert(this.#isOpen, "a blob is finished once");
    const sha256 = this.#hash.digest("hex");
    const path = pathOf(this.#folder, sha256);
    await this.#orDiscard(async () => {
      await this.#file.sync();
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(this.#temporary, path);
      await flushNames(this.#folder, path);
    });
    this.#isOpen = false;
    await this.#file.close();
    return { sha256, sizeBytes: this.#sizeBytes };
  }

  async discard(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
    await rm(this.#temporary, { force: true });
  }

  async #orDiscard(step: () => Promise<void>): Promise<void> {
    try {
      await orDiskFull(step);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }
}

/** Errors of `link` where a file cannot have a second name: other file systems, or none that knows links. */
const NO_LINK = new Set(["EXDEV", "EPERM", "ENOTSUP", "EMLINK", "ENOSYS"]);

class AdoptingBlobWriter implements BlobWriter {
  readonly #folder: string;
  readonly #source: string;
  readonly #temporary: string;
  readonly #hash: Hash = createHash("sha256");
  #sizeBytes = 0;

  constructor(folder: string, source: string, temporary: string) {
    this.#folder = folder;
    this.#source = source;
    this.#temporary = temporary;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
  }

  async finish(): Promise<{ sha256: string; sizeBytes: number }> {
    const { size } = await stat(this.#source);
    assert(size === this.#sizeBytes, "what is adopted is what was read");
    const sha256 = this.#hash.digest("hex");
    const path = pathOf(this.#folder, sha256);
    await orDiskFull(async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await link(this.#source, path).catch(async (error: unknown) => {
        // The same content is there already, whole: it came by a rename or a link.
        if (errorCode(error) === "EEXIST") return;
        if (!NO_LINK.has(String(errorCode(error)))) throw error;
        await this.#copyTo(path);
      });
      await flushNames(this.#folder, path);
    });
    return { sha256, sizeBytes: this.#sizeBytes };
  }

  async #copyTo(path: string): Promise<void> {
    try {
      await copyFile(this.#source, this.#temporary);
      await flush(this.#temporary);
      await rename(this.#temporary, path);
    } finally {
      await rm(this.#temporary, { force: true });
    }
  }

  async discard(): Promise<void> {
    // The file is its owner's.
  }
}

/** The names on the way to the blob: the two levels may be new. */
async function flushNames(folder: string, path: string): Promise<void> {
  for (const named of [dirname(path), dirname(dirname(path)), folder]) await flush(named);
}

function pathOf(folder: string, sha256: string): string {
  assert(/^[0-9a-f]{64}$/.test(sha256), "a blob is named by a lower-case SHA-256");
  return join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

async function* listBlobs(folder: string): AsyncIterable<string> {
  for (const first of await readdir(folder))
    if (/^[0-9a-f]{2}$/.test(first))
      for (const second of await readdir(join(folder, first)))
        for (const name of await readdir(join(folder, first, second)))
          if (/^[0-9a-f]{64}$/.test(name)) yield name;
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // An empty range has no bytes.
}

/** Of a file its content, of a folder its names. */
export async function flush(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const errorCode = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

const onAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (errorCode(error) === "ENOENT") return value;
    throw error;
  };

export async function orDiskFull<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== "ENOSPC" && code !== "EDQUOT") throw cause;
    throw new ApiError(
      "disk-full",
      "the server has no room for this file; free some space on its data disk and try again",
      { cause },
    );
  }
}
