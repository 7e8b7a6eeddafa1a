import { createReadStream } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { PayloadFileSource } from "@moult/artifact";
import { pack, type Pack } from "tar-stream";
import { CliError } from "../command-line/cli-error.ts";

interface Entry {
  /** Relative to the folder, with forward slashes; folders end with one. */
  readonly name: string;
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly sizeBytes: number;
}

/** An archive as one payload file, and the names of its entries. */
interface ArchiveSource extends PayloadFileSource {
  readonly names: readonly string[];
}

/**
 * A folder as one payload file. The same content gives the same bytes, whoever packs it and when: entries are sorted,
 * belong to root, and have no time of their own.
 */
export async function tarOfFolder(
  folder: string,
  name: string,
  signal: AbortSignal,
  prefix = "",
): Promise<ArchiveSource> {
  const entries: Entry[] = [];
  for await (const entry of entriesOf(folder, prefix)) entries.push(entry);
  if (entries.length === 0) throw new CliError("file-invalid", `The folder ${folder} is empty.`);
  return archiveOf(entries, name, signal);
}

/** Files as one payload file, each under its own name after the prefix. */
export async function tarOfFiles(
  paths: readonly string[],
  name: string,
  signal: AbortSignal,
  prefix: string,
): Promise<ArchiveSource> {
  const entries: Entry[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() !== true) throw new CliError("file-invalid", `${path} is not a file.`);
    const own = prefix + basename(path);
    if (entries.some((entry) => entry.name === own))
      throw new CliError("file-invalid", `There are two files of the name ${basename(path)}.`);
    entries.push({ name: own, path, kind: "file", mode: 0o644, sizeBytes: stats.size });
  }
  return archiveOf(entries, name, signal);
}

async function archiveOf(
  entries: readonly Entry[],
  name: string,
  signal: AbortSignal,
): Promise<ArchiveSource> {
  const open = () => tarOf(entries, signal);
  let sizeBytes = 0;
  for await (const chunk of open()) sizeBytes += chunk.length;
  return { name, sizeBytes, open, names: entries.map((entry) => entry.name) };
}

async function* entriesOf(folder: string, prefix: string): AsyncGenerator<Entry> {
  const names = (await readdir(folder)).sort((left, right) => (left < right ? -1 : 1));
  for (const each of names) {
    const path = join(folder, each);
    const stats = await lstat(path);
    const name = prefix + each;
    const mode = stats.mode & 0o7777;
    if (stats.isDirectory()) {
      yield { name: `${name}/`, path, kind: "directory", mode, sizeBytes: 0 };
      yield* entriesOf(path, `${name}/`);
    } else if (stats.isFile()) yield { name, path, kind: "file", mode, sizeBytes: stats.size };
    else if (stats.isSymbolicLink()) yield { name, path, kind: "symlink", mode, sizeBytes: 0 };
    else
      throw new CliError("file-invalid", `${path} is neither a file, a folder nor a link.`, {
        hint: "Devices, sockets and pipes cannot be part of a payload.",
      });
  }
}

async function* tarOf(entries: readonly Entry[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const failure: { error?: unknown } = {};
  const writing = writeEntries(tar, entries, signal).catch((error: unknown) => {
    failure.error = error;
    tar.destroy();
  });
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
  } catch (error) {
    // The packer only knows that it was stopped; why is known here.
    throw failure.error ?? error;
  } finally {
    tar.destroy();
    await writing;
  }
  if (failure.error !== undefined) throw failure.error as Error;
}

async function writeEntries(
  tar: Pack,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name, path, kind, mode, sizeBytes } of entries) {
    signal.throwIfAborted();
    const header = { name, mode, uid: 0, gid: 0, mtime: new Date(0) };
    if (kind === "file")
      await pipeline(
        createReadStream(path),
        tar.entry({ ...header, type: "file", size: sizeBytes }),
        {
          signal,
        },
      );
    else {
      const more = kind === "symlink" ? { linkname: await readlink(path) } : {};
      tar.entry({ ...header, ...more, type: kind });
    }
  }
  tar.finalize();
}
