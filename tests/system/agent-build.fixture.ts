import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Bundles the agent from the present sources: what these tests run is what ships. */
export function buildAgent(): void {
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL("../../tools/build.ts", import.meta.url))],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
}
