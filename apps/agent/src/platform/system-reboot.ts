import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Log } from "@moult/base";
import { AgentError } from "../agent-error.ts";
import type { Reboot } from "../update-runner/update-runner.ts";

/** Restarts the machine by `command`; undefined: this agent shares its machine and must not. */
export function createSystemReboot(command: readonly string[] | undefined, log: Log): Reboot {
  return {
    reboot: async () => {
      const [program, ...args] = command ?? [];
      if (program === undefined)
        throw new AgentError("command-refused", {
          reason: "an agent with --root does not reboot the machine; set updates.rebootCommand",
        });
      log.info("rebooting", { command });
      const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
      const [exitCode] = (await once(child, "exit")) as [number | null];
      if (exitCode !== 0 && exitCode !== null)
        throw new AgentError("command-refused", { command, exitCode });
    },
  };
}
