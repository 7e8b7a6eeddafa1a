import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The floor of the agent's bundle (tools/build.ts). */
const MAJOR = 20;

const PACKAGE = fileURLToPath(new URL("node-20", import.meta.url));

/** A Node of the oldest promised version: the machine's own if it has one, else the one that the package beside pins. */
export function oldestNode(): string {
  const own = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .find((path) => existsSync(path) && majorOf(path) === MAJOR);
  if (own !== undefined) return own;

  const pinned = join(PACKAGE, "node_modules", `node-linux-${process.arch}`, "bin/node");
  if (!existsSync(pinned)) execFileSync("npm", ["ci"], { cwd: PACKAGE, stdio: "inherit" });
  return pinned;
}

function majorOf(node: string): number {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}
