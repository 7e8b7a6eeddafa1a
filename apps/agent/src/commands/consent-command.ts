import { unreachable } from "@moult/base";
import type { HoldPoint } from "@moult/model";
import { AgentError } from "../agent-error.ts";
import { loadConfig } from "../config.ts";
import { createControlClient } from "../control/control-client.ts";
import { EXIT, type Command } from "./command.ts";

export const consentCommand: Command = {
  name: "consent",
  synopsis: "yes|no",
  summary:
    "answer an update that waits for a person, or turn down one that waits for anything else",
  switches: [],
  values: [],
  positionalsMin: 1,
  positionalsMax: 1,
  run: async ({ positionals }, { options, print, complain }) => {
    const [answer = ""] = positionals;
    if (answer !== "yes" && answer !== "no")
      throw new AgentError("usage", { reason: "moult-agent consent yes|no" });
    const { folders } = await loadConfig(options);
    const isYes = answer === "yes";
    const reply = await createControlClient(folders.dataDir).consent({ isYes });
    switch (reply.kind) {
      case "taken":
        print(isYes ? WHEN_YES[reply.before] : WHEN_NO[reply.before]);
        return EXIT.ok;
      case "nothing-to-decide":
        complain("moult-agent: no update waits for an answer; see `moult-agent status`");
        return EXIT.nothingToDo;
      default:
        return unreachable(reply);
    }
  },
};

const WHEN_YES: Readonly<Record<HoldPoint, string>> = {
  download: "The update may be downloaded.",
  install: "The update may be installed.",
  reboot: "The device may reboot.",
};

const WHEN_NO: Readonly<Record<HoldPoint, string>> = {
  download: "The update is not downloaded.",
  install: "The update is not installed.",
  reboot: "The update is taken back.",
};
