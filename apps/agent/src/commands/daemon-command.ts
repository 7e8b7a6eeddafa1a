import type { Log } from "@moult/base";
import { loadConfig } from "../config.ts";
import { runDaemon } from "../daemon/run-daemon.ts";
import { createLog } from "../platform/log.ts";
import { EXIT, type Command } from "./command.ts";

export const daemonCommand: Command = {
  name: "daemon",
  synopsis: "",
  summary: "run the agent until it is told to stop (SIGTERM); SIGUSR1: check in now",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (_input, { options, print }) => {
    let checkInNow = (): void => undefined;
    // From the first moment on: without a listener the signal would open Node's debugger.
    process.on("SIGUSR1", () => checkInNow());
    const stop = new AbortController();
    const loaded = await loadConfig(options);
    const log = createLog(print, loaded.config.logLevel, () => Date.now());
    stopOnSignals(stop, log);
    await runDaemon({
      loaded,
      log,
      random: { fraction: () => Math.random() },
      stop: stop.signal,
      onReady: (wake) => {
        checkInNow = wake;
      },
    });
    return EXIT.ok;
  },
};

function stopOnSignals(stop: AbortController, log: Log): void {
  for (const name of ["SIGTERM", "SIGINT"] as const)
    process.on(name, () => {
      log.info("stopping", { signal: name });
      stop.abort(new Error(name));
    });
}
