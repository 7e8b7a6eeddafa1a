import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verity } from "./verity.ts";

export const VERITYSETUP = "/usr/sbin/veritysetup";

/** Data with a tree behind it, as `veritysetup format` makes it. */
export function aVerityImage(
  dataBlocks: number,
  ...options: readonly string[]
): { image: Buffer; verity: Verity } {
  const folder = mkdtempSync(join(tmpdir(), "moult-verity-"));
  const file = join(folder, "image");
  const hashOffset = dataBlocks * 4_096;
  try {
    writeFileSync(file, randomBytes(hashOffset));
    const said = execFileSync(
      VERITYSETUP,
      [
        "format",
        `--data-blocks=${dataBlocks}`,
        `--hash-offset=${hashOffset}`,
        ...options,
        file,
        file,
      ],
      { encoding: "utf8" },
    );
    const rootHash = /^Root hash:\s+([0-9a-f]+)$/m.exec(said)?.[1] ?? "";
    return { image: readFileSync(file), verity: { rootHash, hashOffset } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
