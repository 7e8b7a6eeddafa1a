import { entry, type CommandEntry } from "./command-entry.ts";

/** From other servers. */
export const IMPORT_COMMANDS: readonly CommandEntry[] = [
  entry(
    "import mender",
    "Bring devices, groups and artifacts from a Mender server",
    async () => (await import("../commands/import-mender.ts")).importMender,
  ),
  entry(
    "import hawkbit",
    "Bring devices, groups and files from a hawkBit server",
    async () => (await import("../commands/import-hawkbit.ts")).importHawkbit,
  ),
];
