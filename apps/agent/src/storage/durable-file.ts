import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AgentError } from "../agent-error.ts";

/**
 * Replaces a file so that after a power cut at any instant it holds the old content or the new one, whole, and the new
 * one for certain once this returns: temporary file, fsync, rename, fsync of the folder.
 *
 * The temporary name is fixed: one agent owns its folders (`lockFolder`), and a cut leaves at most one file behind, which
 * the next write replaces.
 */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", options.mode ?? 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    throw fileError(path, "write", cause);
  }
}

/** Makes renames and deletions in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The file's bytes; undefined when there is no such file. Anything else that keeps it from being read is an error. */
export async function readFileIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw fileError(path, "read", cause);
  }
}

/** Makes a folder (and its parents) for the agent alone. */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (cause) {
    throw fileError(path, "create", cause);
  }
}

/** Removes a file, durably; succeeds when there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return;
    throw fileError(path, "remove", cause);
  }
}

/** `ENOENT` and the like, or undefined for what is no system error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : undefined;
}

function fileError(path: string, doing: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT")
    return new AgentError("disk-full", { path }, { cause });
  return new AgentError("file-failed", { path, doing, reason: code ?? "unknown" }, { cause });
}
