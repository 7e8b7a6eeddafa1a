import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startConsoleServer, type ConsoleServer } from "../../tools/console/console-server.ts";
import { useBrowser } from "./console-page.fixture.ts";

/** A server of a file's own, for tests that change things; `fill` runs once, before the first of them. */
export function useOwnConsole(
  fill: (world: ConsoleServer) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
) {
  let folder = "";
  let own: ConsoleServer | undefined;
  const world = (): ConsoleServer => {
    if (own === undefined) throw new Error("the server is started before the tests");
    return own;
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "moult-console-"));
    own = await startConsoleServer({ folder, settings });
    await fill(own);
  });
  const open = useBrowser(() => ({
    url: world().server.url,
    certificateAuthority: world().server.certificateAuthority ?? "",
  }));
  afterAll(async () => {
    await own?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { world, open };
}
