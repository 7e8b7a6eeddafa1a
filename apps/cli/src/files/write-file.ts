import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError } from "../command-line/cli-error.ts";

export interface WriteFileOptions {
  readonly mode: number;
  /** Without it a file that is there already stays as it is, and the write is refused. */
  readonly mayReplace: boolean;
}

/**
 * Writes a file that is either whole or not there: into a temporary one beside it first, flushed, then named. A secret is
 * never readable by others, not even for a moment.
 */
export async function writeFileWhole(
  path: string,
  content: AsyncIterable<Uint8Array> | string,
  { mode, mayReplace }: WriteFileOptions,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}`);
  const file = await open(temporary, "wx", mode);
  try {
    await file.writeFile(content);
    await file.sync();
    await file.close();
    if (mayReplace) await rename(temporary, path);
    else await nameNew(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Refuses early what `writeFileWhole` would refuse after the work. */
export async function refuseExisting(path: string, mayReplace: boolean): Promise<void> {
  if (mayReplace) return;
  try {
    await lstat(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  throw fileExists(path);
}

function fileExists(path: string, cause?: unknown): CliError {
  return new CliError("file-exists", `There is a file ${path} already; it was left as it is.`, {
    hint: "Name another one, or replace it with --force where the command has that.",
    cause,
  });
}

/** A hard link fails where a rename would replace. */
async function nameNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") throw fileExists(path, cause);
    throw cause;
  }
  await unlink(temporary);
}
