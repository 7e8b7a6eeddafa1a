import { AGENT_VERSION } from "../agent-version.ts";
import { EXIT, type Command } from "./command.ts";

export const versionCommand: Command = {
  name: "version",
  synopsis: "",
  summary: "print the version",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (_input, { print }) => {
    print(`moult-agent ${AGENT_VERSION} (Node ${process.version})`);
    return EXIT.ok;
  },
};
