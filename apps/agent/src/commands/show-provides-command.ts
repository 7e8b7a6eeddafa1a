import { loadConfig } from "../config.ts";
import { EXIT, type Command } from "./command.ts";
import { personLog } from "./person-log.ts";
import { readStatus } from "./read-status.ts";

export const showProvidesCommand: Command = {
  name: "show-provides",
  synopsis: "",
  summary: "print what the device has installed, one name=value a line",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (_input, world) => {
    const { folders } = await loadConfig(world.options);
    const { running } = await readStatus(folders, personLog(world));
    const provides = { ...running.provides, artifact_name: running.artifactName };
    for (const [name, value] of Object.entries(provides).toSorted(([left], [right]) =>
      left < right ? -1 : 1,
    ))
      world.print(`${name}=${value}`);
    return EXIT.ok;
  },
};
