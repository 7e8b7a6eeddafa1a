import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Builds what ships from the present sources, once before all tests (vitest's globalSetup): files run beside each other, and
 * one that built anew would take the programs of another away.
 */
export function setup(): void {
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL("../../tools/build.ts", import.meta.url))],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
}
