import type { Log } from "@moult/base";
import { loadConfig } from "../config.ts";
import { runDaemon } from "../daemon/run-daemon.ts";
import { createLog } from "../platform/log.ts";
import { EXIT, type Command } from "./command.ts";

/** As long as the unit file lets the agent's end take. */
const RESTART_MS_MAX = 90_000;

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
    let isRestartWanted = false;
    try {
      await runDaemon({
        loaded,
        log,
        random: { fraction: () => Math.random() },
        stop: stop.signal,
        restart: () => {
          log.info("restarting");
          isRestartWanted = true;
          stop.abort(new Error("the agent is to be started again"));
          // What does not end in good order ends all the same: the launcher waits, and nobody else would.
          setTimeout(() => process.exit(EXIT.restart), RESTART_MS_MAX).unref();
        },
        onReady: (wake) => {
          checkInNow = wake;
        },
      });
    } catch (cause) {
      if (!isRestartWanted) throw cause;
      log.warn("ended-early", { error: cause });
    }
    return isRestartWanted ? EXIT.restart : EXIT.ok;
  },
};

function stopOnSignals(stop: AbortController, log: Log): void {
  for (const name of ["SIGTERM", "SIGINT"] as const)
    process.on(name, () => {
      log.info("stopping", { signal: name });
      stop.abort(new Error(name));
    });
}
