import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../storage/durable-file.ts";

/** The scripts of the artifact that is being installed, ready to run and durable. Replaces those of an earlier one. */
export async function storeArtifactScripts(
  folder: string,
  scripts: readonly { readonly name: string; readonly content: Uint8Array }[],
): Promise<void> {
  await removeArtifactScripts(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, content } of [{ name: "version", content: Buffer.from("3") }, ...scripts]) {
    const file = await open(join(folder, name), "wx", name === "version" ? 0o600 : 0o700);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncFolder(folder);
}

export async function removeArtifactScripts(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
