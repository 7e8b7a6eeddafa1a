import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorChain } from "@moult/base";
import * as z from "zod";
import type { TestProject } from "vitest/node";
import { buildOnce } from "../../tools/build/build-once.ts";
import { startPopulatedConsole } from "../../tools/console/populated-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import type { ConsoleAnswer } from "./shared-console.fixture.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A `ConsoleAnswer` as JSON, from when the shared console is filled. */
    readonly consoleFile: string;
  }
}

/**
 * Builds what ships, the console with it, and fills a server for all files that only read. Files with a server of their own
 * need not wait for it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildOnce();
  const folder = mkdtempSync(join(tmpdir(), "moult-console-"));
  const file = join(folder, "console.json");
  project.provide("consoleFile", file);
  const filling = startPopulatedConsole(join(folder, "console"));
  const answer = (content: ConsoleAnswer): void => {
    writeFileSync(`${file}.new`, JSON.stringify(content));
    renameSync(`${file}.new`, file);
  };
  const answered = filling.then(
    async (world) => {
      const key = await world.moult.json(words`api-key create tests --role admin`);
      answer({
        kind: "filled",
        url: world.server.url,
        certificateAuthority: world.server.certificateAuthority ?? "",
        apiKey: z.object({ secret: z.string() }).parse(key).secret,
        facts: world.facts,
      });
    },
    (error: unknown) => answer({ kind: "failed", error: errorChain(error) }),
  );
  return async () => {
    await answered;
    await filling.then(
      (world) => world.stop(),
      () => undefined,
    );
    rmSync(folder, { recursive: true, force: true });
  };
}
