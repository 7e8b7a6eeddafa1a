import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./bundle-program.ts";

/** Everything that what ships is made of. */
const SOURCES = [
  "package-lock.json",
  "tools/build.ts",
  "tools/build/*",
  "apps/*/{package.json,index.html,vite.config.ts}",
  "{apps,packages}/*/{src,public,modules,launcher}/**",
];
/** Names the sources that `dist` is made of. */
export const STAMP = join(ROOT, "dist/built-from");

/** Names the sources as they are now. */
export function sourcesDigest(): string {
  const digest = createHash("sha256");
  for (const path of globSync(SOURCES, { cwd: ROOT }).toSorted()) {
    const stat = statSync(join(ROOT, path));
    if (stat.isFile()) digest.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
  }
  return digest.digest("hex");
}

/** Builds what ships, unless `dist` is made of the present sources. */
export async function buildOnce(): Promise<void> {
  if (builtFrom() === sourcesDigest()) return;
  const build = spawn(process.execPath, [join(ROOT, "tools/build.ts")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(build, "exit")) as [number | null];
  if (code !== 0) throw new Error(`tools/build.ts ended with ${code ?? "a signal"}`);
}

function builtFrom(): string | undefined {
  try {
    return readFileSync(STAMP, "utf8");
  } catch {
    return undefined;
  }
}
