import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const DEMO_VERSIONS = ["1.0", "2.0", "3.0"] as const;

const APP_SOURCE = fileURLToPath(new URL("./app-server.mjs", import.meta.url));

/** The folder of each release of the demo's application. */
export async function buildPayloads(folder: string): Promise<void> {
  for (const version of DEMO_VERSIONS) {
    const release = join(folder, version);
    await mkdir(release, { recursive: true });
    await copyFile(APP_SOURCE, join(release, "app-server.mjs"));
    await writeFile(join(release, "VERSION"), `${version}\n`);
  }
}
