import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { TestProject } from "vitest/node";
import type { ConsoleAddress } from "../../tools/console/console-browser.ts";
import { startPopulatedConsole, type ConsoleFacts } from "../../tools/console/populated-console.ts";
import { words } from "../../tools/local/moult-command.ts";

/** What the tests that only read share: one console with everything in it. */
export interface SharedConsole extends ConsoleAddress {
  readonly apiKey: string;
  readonly facts: ConsoleFacts;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly console: SharedConsole;
  }
}

const BUILD = fileURLToPath(new URL("../../tools/build.ts", import.meta.url));

/** Builds what ships, the console with it, and fills a server once for all files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [BUILD], { stdio: "ignore" });
  const folder = mkdtempSync(join(tmpdir(), "moult-console-"));
  const world = await startPopulatedConsole(folder);
  const key = await world.moult.json(words`api-key create tests --role admin`);
  project.provide("console", {
    url: world.server.url,
    certificateAuthority: world.server.certificateAuthority ?? "",
    apiKey: z.object({ secret: z.string() }).parse(key).secret,
    facts: world.facts,
  });
  return async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
