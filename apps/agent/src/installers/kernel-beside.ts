import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { SlotKernel } from "../bootloaders/kernel-place.ts";
import { syncFolder, systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { fileChunks } from "./file-chunks.ts";
import { InstallError } from "./install-error.ts";
import type { IncomingFile } from "./installer.ts";
import { storeFile } from "./store-file.ts";

// A kernel that comes beside its image and not inside of it can name the image's root hash on its command line, which its own
// signature covers: from the firmware's keys on, each part is verified by the one before. It waits in the update's tree until the
// slot was read back.

/** The payload file that is one. */
export const KERNEL_FILE = "moult.efi";

const Kept = z.object({ sizeBytes: z.int(), sha256: z.string() });

const keptFile = (tree: string): string => join(tree, "files", KERNEL_FILE);
const noteFile = (tree: string): string => join(tree, "tmp", "kernel.json");

export async function keepKernel(
  { content, sizeBytes, sha256 }: IncomingFile,
  tree: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(tree, "files");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await storeFile(keptFile(tree), content, { sizeBytes, mode: 0o600 }, signal);
  await syncFolder(folder);
  await syncFolder(tree);
  await writeFileDurably(noteFile(tree), JSON.stringify({ sizeBytes, sha256 }));
}

/** Null when the payload had none. */
export async function keptKernel(tree: string): Promise<SlotKernel | null> {
  let text: string;
  try {
    text = await readFile(noteFile(tree), "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return null;
    throw cause;
  }
  const { sizeBytes, sha256 } = Kept.parse(JSON.parse(text));
  return { sizeBytes, content: heldTo(keptFile(tree), sha256) };
}

/** Ends with an error when the file is not what was signed any more; before that nothing of it counts. */
async function* heldTo(path: string, sha256: string): AsyncGenerator<Uint8Array> {
  const digest = createHash("sha256");
  for await (const chunk of fileChunks(path)) {
    digest.update(chunk);
    yield chunk;
  }
  if (digest.digest("hex") !== sha256)
    throw new InstallError("install-failed", "the kernel changed while it was kept");
}
