import { open, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { InstallError } from "./install-error.ts";

/**
 * Left free by whatever unpacks a payload: the old software goes on running while the new one is unpacked, and the agent
 * must be able to save its state.
 */
const RESERVE_BYTES = 4 * 1024 * 1024;

/** Throws `disk-full` before a file is begun that cannot fit. The disk may still fill up while it is written. */
export async function checkRoom(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (sizeBytes + RESERVE_BYTES <= freeBytes) return;
  throw new InstallError(
    "disk-full",
    `${sizeBytes} bytes do not fit into the ${freeBytes} free bytes of ${folder} with ${RESERVE_BYTES} to spare`,
  );
}

/**
 * Writes a new file and makes its content durable; the caller syncs the folder. Nothing is left of a file that could not
 * be written whole. The content is read to its end, which is where its digest is checked.
 */
export async function storeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  options: { readonly sizeBytes: number; readonly mode: number },
  signal: AbortSignal,
): Promise<void> {
  await checkRoom(dirname(path), options.sizeBytes);
  const file = await open(path, "wx", options.mode);
  try {
    for await (const chunk of content) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
    // The mode given to `open` is cut by the process's umask.
    await file.chmod(options.mode);
    await file.sync();
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
}
