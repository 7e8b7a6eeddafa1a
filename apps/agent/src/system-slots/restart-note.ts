import { join } from "node:path";
import type { RestartNote } from "@moult/agent-core";
import { makeFolder, readFileIfPresent, writeFileDurably } from "../storage/durable-file.ts";

/**
 * A file in a folder that is empty after a restart (`/run`). It names the run of the machine that it is about, so that on a
 * machine whose folder outlives restarts it does not ask for them for ever.
 */
export function openRestartNote(runDir: string, bootId: string): RestartNote {
  const file = join(runDir, "restart-due");
  return {
    isMade: async () => (await readFileIfPresent(file))?.toString("utf8") === bootId,
    make: async () => {
      await makeFolder(runDir);
      await writeFileDurably(file, bootId);
    },
  };
}
