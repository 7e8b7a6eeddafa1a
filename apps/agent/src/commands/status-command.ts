import { loadConfig } from "../config.ts";
import { statusText } from "../daemon/agent-status.ts";
import { EXIT, type Command } from "./command.ts";
import { personLog } from "./person-log.ts";
import { readStatus } from "./read-status.ts";

export const statusCommand: Command = {
  name: "status",
  synopsis: "[--json]",
  summary: "what the device runs, what it is doing, and how its link to the server is",
  switches: ["json"],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async ({ switches }, world) => {
    const { folders } = await loadConfig(world.options);
    const status = await readStatus(folders, personLog(world));
    world.print(switches.has("json") ? JSON.stringify(status, undefined, 2) : statusText(status));
    return EXIT.ok;
  },
};
