import { loadConfig } from "../config.ts";
import { createControlClient } from "../control/control-client.ts";
import { EXIT, type Command } from "./command.ts";

export const checkCommand: Command = {
  name: "check",
  synopsis: "",
  summary: "check in with the server now",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (_input, { options, print }) => {
    const { folders } = await loadConfig(options);
    await createControlClient(folders.dataDir).checkIn();
    print("The agent checks in now.");
    return EXIT.ok;
  },
};
