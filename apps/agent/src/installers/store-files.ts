import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../storage/durable-file.ts";
import type { IncomingFile } from "./installer.ts";
import { storeFile } from "./store-file.ts";

/** Keeps payload files as they are in `files/` of the file tree, where update modules look for them. */
export async function storeFiles(
  files: AsyncIterable<IncomingFile>,
  tree: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(tree, "files");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for await (const { name, sizeBytes, content } of files)
    await storeFile(join(folder, name), content, { sizeBytes, mode: 0o600 }, signal);
  await syncFolder(folder);
  await syncFolder(tree);
}
