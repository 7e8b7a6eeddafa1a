import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConsoleAddress } from "./console-browser.ts";
import { startPopulatedConsole, type ConsoleFacts } from "./populated-console.ts";

/** Fills a server in a temporary folder, does something with it, and ends it, also at Ctrl-C. */
export async function withPopulatedConsole<T>(
  use: (address: ConsoleAddress, facts: ConsoleFacts) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "moult-console-"));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  try {
    process.stderr.write("filling a server...\n");
    const { server, facts, stop } = await startPopulatedConsole(folder);
    const { url, certificateAuthority = "" } = server;
    try {
      return await use({ url, certificateAuthority }, facts);
    } finally {
      await stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
