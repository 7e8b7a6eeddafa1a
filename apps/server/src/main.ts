import { mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { errorChain } from "@moult/base";
import { USAGE, readCommandLine, type ServeCommand } from "./command-line.ts";
import { VERSION } from "./version.ts";

// The way in: sees to it that the server starts quickly and small, then loads it. Parts are wired in serve.ts.

/**
 * Keeps compiled code in the data folder, which only this user can write: the second start neither strips types nor
 * compiles (half a second and 30 MB less). While modules load, the young generation stays small, because what loading
 * leaves there would otherwise be kept for as long as the server runs (15 MB); from then on it grows as load demands.
 */
async function startFrugally(command: ServeCommand): Promise<void> {
  const data = command.data ?? process.env["MOULT_DATA"];
  if (data !== undefined) {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    enableCompileCache(join(data, "compile-cache"));
  }
  setFlagsFromString("--semi-space-growth-factor=1");
  const { run } = await import("./serve.ts");
  await run(command);
  setFlagsFromString("--semi-space-growth-factor=2");
}

try {
  const commandLine = readCommandLine(process.argv.slice(2));
  if (commandLine.kind === "help") process.stdout.write(USAGE);
  else if (commandLine.kind === "version") process.stdout.write(`moult-server ${VERSION}\n`);
  else await startFrugally(commandLine);
} catch (error) {
  process.stderr.write(`moult-server: ${errorChain(error).join("\n  because of ")}\n`);
  process.exit(1);
}
