import { chown, chmod, link, lchown, lstat, mkdir, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { extract, type Extract, type Header } from "tar-stream";
import { syncFolder, systemCode } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import { storeFile } from "./store-file.ts";

export interface TarRules {
  /** Sum of the sizes of all files in it. */
  readonly bytesMax: number;
  /**
   * Gives files the owners and the set-id bits that the archive names, as `tar -x` does for root. Without it everything
   * belongs to the agent's user.
   */
  readonly keepsOwners: boolean;
}

const ENTRIES_MAX = 200_000;

/**
 * Unpacks a tar into an empty folder and makes it durable. Refuses, with `payload-refused`, whatever could reach out of the
 * folder or is no plain content: absolute names, `..`, devices, pipes, links that lead out, names given twice.
 */
export async function unpackTar(
  content: AsyncIterable<Uint8Array>,
  folder: string,
  rules: TarRules,
  signal: AbortSignal,
): Promise<void> {
  const extractor = extract();
  let broken: unknown;
  extractor.on("error", (error) => (broken ??= error));
  const feeding = feed(content, extractor);
  // Its error is looked at below; it must not be "unhandled" until then.
  feeding.catch(() => undefined);

  const unpacked: Unpacked = { entries: 0, sizeBytes: 0, folders: new Map([[".", undefined]]) };
  try {
    for await (const entry of extractor) {
      signal.throwIfAborted();
      count(unpacked, entry.header, rules);
      const bytes = bytesOf(entry);
      await unpackEntry(entry.header, bytes, folder, rules, unpacked, signal);
      // What is no file has no content, and must be read as well before the next entry comes.
      for await (const rest of bytes)
        if (rest.length > 0) refuse(entry.header, `it is a ${entry.header.type} with content`);
    }
  } catch (cause) {
    signal.throwIfAborted();
    // Ours, or the disk's; the parser's own codes begin otherwise.
    if (cause instanceof InstallError || systemCode(cause)?.startsWith("E") === true) throw cause;
    // The bytes ended with an error of their own, such as a wrong digest.
    await feeding;
    const reason = broken instanceof Error ? broken : cause;
    const detail = `the archive cannot be read: ${reason instanceof Error ? reason.message : "unknown"}`;
    throw new InstallError("payload-refused", detail, { cause });
  }
  await feeding;
  await finishFolders(folder, rules, unpacked);
}

interface Unpacked {
  entries: number;
  sizeBytes: number;
  /** Relative paths of all folders, with the header that described them, parents first. */
  readonly folders: Map<string, Header | undefined>;
}

async function feed(content: AsyncIterable<Uint8Array>, extractor: Extract): Promise<void> {
  try {
    for await (const chunk of content) {
      if (extractor.destroying) return;
      if (!extractor.write(chunk)) await drained(extractor);
    }
    extractor.end(undefined);
  } catch (cause) {
    extractor.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    throw cause;
  }
}

function drained(extractor: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      extractor.off("drain", done);
      extractor.off("close", done);
      resolve();
    };
    extractor.on("drain", done);
    extractor.on("close", done);
  });
}

function count(unpacked: Unpacked, header: Header, rules: TarRules): void {
  unpacked.entries += 1;
  if (unpacked.entries > ENTRIES_MAX)
    refuse(header, `it is one of more than ${ENTRIES_MAX} entries`);
  if (!Number.isSafeInteger(header.size) || header.size < 0) refuse(header, "its size is no size");
  unpacked.sizeBytes += header.size;
  if (unpacked.sizeBytes > rules.bytesMax)
    refuse(header, `with it the archive holds more than ${rules.bytesMax} bytes`);
}

async function unpackEntry(
  header: Header,
  content: AsyncIterable<Uint8Array>,
  folder: string,
  rules: TarRules,
  unpacked: Unpacked,
  signal: AbortSignal,
): Promise<void> {
  const name = safeName(header);
  if (header.type === "directory") {
    await makeParents(folder, join(name, "x"), unpacked, header);
    unpacked.folders.set(name, header);
    return;
  }
  if (name === ".") refuse(header, "only a folder can be the root of the archive");
  await makeParents(folder, name, unpacked, header);
  const path = join(folder, name);
  try {
    switch (header.type) {
      case "file":
      case "contiguous-file": {
        const { size: sizeBytes } = header;
        await storeFile(path, content, { sizeBytes, mode: modeOf(header, rules) }, signal);
        break;
      }
      case "symlink":
        await symlink(safeTarget(header, name), path);
        break;
      case "link":
        await link(await linkedFile(folder, header), path);
        break;
      case "block-device":
      case "character-device":
      case "fifo":
        refuse(header, `it is a ${header.type}`);
    }
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") refuse(header, "its name is taken by an entry before it");
    throw cause;
  }
  if (header.type !== "link") await describe(path, header, rules);
}

/** The entry's path relative to the folder, `.` for the folder itself. */
function safeName(header: Header): string {
  const name = header.name;
  if (name.startsWith("/")) refuse(header, "its name is absolute");
  if (name.includes("\0")) refuse(header, "its name holds a zero byte");
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) refuse(header, "its name holds ..");
  return segments.length === 0 ? "." : segments.join("/");
}

/**
 * A link may go up at its beginning and then only down: `../lib/x` but not `a/../x`. Then it cannot lead out, whatever
 * other links it passes: going up starts from a real folder, whose depth is known, and each link it meets obeys the same.
 */
function safeTarget(header: Header, name: string): string {
  const target = header.linkname;
  if (target === "" || target.includes("\0")) refuse(header, "it links to nothing");
  if (target.startsWith("/")) refuse(header, `it links to ${target}, which is absolute`);
  const segments = target.split("/").filter((segment) => segment !== "" && segment !== ".");
  const ups = segments.findIndex((segment) => segment !== "..");
  const upsCount = ups === -1 ? segments.length : ups;
  if (segments.slice(upsCount).includes(".."))
    refuse(header, `it links to ${target}, which goes down and up`);
  if (upsCount > name.split("/").length - 1)
    refuse(header, `it links to ${target}, which leads out`);
  return target;
}

/** A hard link names a file of the same archive by its path from the root; it must be there already. */
async function linkedFile(folder: string, header: Header): Promise<string> {
  const name = safeName({ ...header, name: header.linkname });
  let at = folder;
  for (const segment of name.split("/")) {
    at = join(at, segment);
    const stats = await lstat(at).catch(() => undefined);
    if (stats === undefined || stats.isSymbolicLink())
      refuse(header, `it links to ${header.linkname}, which is no file of the archive before it`);
  }
  return at;
}

/** Makes what is missing above `name`. A parent must be a real folder: nothing is ever written through a link. */
async function makeParents(
  folder: string,
  name: string,
  unpacked: Unpacked,
  header: Header,
): Promise<void> {
  const parent = dirname(name);
  if (unpacked.folders.has(parent)) return;
  await makeParents(folder, parent, unpacked, header);
  try {
    await mkdir(join(folder, parent), { mode: 0o755 });
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") refuse(header, "its parent is no folder");
    throw cause;
  }
  unpacked.folders.set(parent, undefined);
}

async function describe(path: string, header: Header, rules: TarRules): Promise<void> {
  if (rules.keepsOwners && process.getuid?.() === 0) await lchown(path, header.uid, header.gid);
  if (header.type === "symlink") return;
  // Giving a file away clears its set-id bits.
  await chmod(path, modeOf(header, rules));
  await utimes(path, header.mtime, header.mtime);
}

/** Last, and children first: a folder's times change with its content, and its mode may forbid to write into it. */
async function finishFolders(folder: string, rules: TarRules, unpacked: Unpacked): Promise<void> {
  for (const [name, header] of [...unpacked.folders].toReversed()) {
    const path = join(folder, name);
    if (header !== undefined) {
      if (rules.keepsOwners && process.getuid?.() === 0) await chown(path, header.uid, header.gid);
      await chmod(path, modeOf(header, rules));
      await utimes(path, header.mtime, header.mtime);
    }
    await syncFolder(path);
  }
}

function modeOf(header: Header, rules: TarRules): number {
  return header.mode & (rules.keepsOwners ? 0o7777 : 0o777);
}

async function* bytesOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

function refuse(header: Header, reason: string): never {
  const name = JSON.stringify(header.name.slice(0, 200));
  throw new InstallError("payload-refused", `the archive's entry ${name} is refused: ${reason}`);
}
