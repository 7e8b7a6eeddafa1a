import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../image/run-tool.ts";

/** A file of an EFI system partition. */
export interface EspFile {
  /** `EFI/BOOT/BOOTX64.EFI` */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** An EFI system partition with these files one after the other, made without mounting it; the same files make the same bytes. */
export function makeEsp(files: readonly EspFile[], sizeBytes: number): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "moult-esp-"));
  const environment = { MTOOLS_SKIP_CHECK: "1", SOURCE_DATE_EPOCH: "315532800" };
  try {
    const image = join(folder, "esp.img");
    writeFileSync(image, "");
    truncateSync(image, sizeBytes);
    // Clusters of a page: what is written of one file is never a part of another one's page.
    runTool("mkfs.fat", ["-i", "4d4f554c", "-n", "MOULT-BOOT", "-s", "8", "--invariant", image]);
    for (const made of foldersOf(files.map(({ path }) => path)))
      runTool("mmd", ["-i", image, `::${made}`], { environment });
    for (const { path, bytes } of files) {
      const file = join(folder, "file");
      writeFileSync(file, bytes);
      runTool("mcopy", ["-i", image, file, `::${path}`], { environment });
    }
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every folder above these files, the outer ones first. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = paths.flatMap((path) => {
    const names = path.split("/").slice(0, -1);
    return names.map((_, index) => names.slice(0, index + 1).join("/"));
  });
  return [...new Set(folders)];
}
