import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrustedTarget } from "@moult/trust";
import { fetchBounded } from "./fetch-bounded.ts";

/** Puts a target into `folder`, unless it is there, under one name for all its versions. */
export async function downloadTarget(
  target: TrustedTarget,
  base: string,
  folder: string,
): Promise<void> {
  const file = join(folder, encodeURIComponent(target.path));
  if (existsSync(file) && isTarget(readFileSync(file), target)) return;

  const bytes = await fetchBounded(`${base}${hashedName(target)}`, target.length);
  if (bytes === undefined || !isTarget(bytes, target))
    throw new Error(`${target.path}: what came is not what was signed`);
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

function isTarget(bytes: Uint8Array, { length, hashes }: TrustedTarget): boolean {
  const digests = Object.entries(hashes);
  return (
    bytes.length === length &&
    digests.length > 0 &&
    digests.every(
      ([algorithm, expected]) =>
        (algorithm === "sha256" || algorithm === "sha512") &&
        createHash(algorithm).update(bytes).digest("hex") === expected,
    )
  );
}

/** Consistent snapshots put a digest before the last segment (TUF 6.2). */
function hashedName({ path, hashes }: TrustedTarget): string {
  const segments = path.split("/").map(encodeURIComponent);
  const last = segments.pop() ?? "";
  return [...segments, `${Object.values(hashes)[0] ?? ""}.${last}`].join("/");
}
