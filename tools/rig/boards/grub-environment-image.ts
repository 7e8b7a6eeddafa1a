import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Partition } from "../image/disk-layout.ts";
import { makeFileSystem } from "../image/make-file-system.ts";
import { uuidOf } from "../image/make-system.ts";
import { runTool } from "../image/run-tool.ts";

/** The ext2 that GRUB counts in: two copies in which slot a is good and nothing is on trial. */
export function grubEnvironmentImage({ sizeBytes }: Partition): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "moult-env-"));
  try {
    const tree = join(folder, "env");
    mkdirSync(tree);
    for (const [index, generation] of [1, 2].entries()) {
      const copy = join(tree, `boot-env.${index}`);
      runTool("grub-editenv", [copy, "create"]);
      const choice = ["moult_good=a", "moult_trial=", "moult_tries=0"];
      runTool("grub-editenv", [copy, "set", `moult_generation=${generation}`, ...choice]);
    }
    const file = join(folder, "env.img");
    const uuid = uuidOf("env");
    makeFileSystem({ kind: "ext2", tree, file, sizeBytes, label: "moult-env", uuid });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
