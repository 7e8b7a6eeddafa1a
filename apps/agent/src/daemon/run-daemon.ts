import { SECOND_MS } from "@moult/base";
import { startControlServer } from "../control/control-server.ts";
import { readProvisioning } from "../identity/read-provisioning.ts";
import { systemTicker } from "../platform/ticker.ts";
import { startWatchdog, type Watchdog } from "../platform/watchdog.ts";
import { openReportQueue, type ReportQueue } from "../reports/report-queue.ts";
import { lockFolder } from "../storage/lock-folder.ts";
import type { UpdateRunner } from "../update-runner/update-runner.ts";
import { assembleDaemon, type DaemonOptions, type DaemonParts } from "./assemble-daemon.ts";
import { assignmentUnderWay } from "./obey.ts";
import type { ServerSwitch } from "./server-switch.ts";

/** Runs the device's agent until `stop`. Throws when it cannot run at all: a person has to do something first. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { loaded, log } = options;
  const trusted = await readProvisioning(loaded.folders.provisioningFile);
  const lock = await lockFolder(loaded.folders.dataDir);
  try {
    const queue = await openReportQueue(loaded.folders.dataDir, log);
    try {
      await serve(options, { trusted, queue });
    } finally {
      await queue.close();
    }
  } finally {
    await lock.release();
  }
}

async function serve(options: DaemonOptions, parts: DaemonParts): Promise<void> {
  const { loaded, log, stop } = options;
  // First of all, so that a start that hangs is ended as well.
  const watchdog = await watchdogOf(options);
  const { servers, runner, loop, sender, status } = await assembleDaemon(options, parts);
  const { dataDir } = loaded.folders;
  const checkInNow = (): void => loop.wake();
  const control = await startControlServer({ dataDir, runner, status, checkInNow, log });
  try {
    const reading = await runner.start();
    await forgetOldParts(runner, servers);
    const unsubscribe = afterEachUpdate(runner, () => {
      forgetOldParts(runner, servers).catch((error: unknown) =>
        log.warn("prune-failed", { error }),
      );
      reportedOrLate(parts.queue, stop).then(checkInNow, checkInNow);
    });
    options.onReady(checkInNow);
    log.info("daemon-started", { stateFile: reading, runs: runner.running().artifactName });
    await Promise.all([loop.run(stop), sender.run(stop)]);
    unsubscribe();
    await watchdog?.release();
  } finally {
    await runner.stop();
    await control.close();
    servers.close();
    log.info("daemon-stopped");
  }
}

async function watchdogOf({ loaded, log }: DaemonOptions): Promise<Watchdog | undefined> {
  const { watchdog } = loaded.config;
  if (watchdog === undefined) return undefined;
  return startWatchdog(watchdog.device, watchdog.intervalSeconds * SECOND_MS, log);
}

/** Calls `listener` each time the device has come to the end of an update. */
function afterEachUpdate(runner: UpdateRunner, listener: () => void): () => void {
  let isIdle = runner.state().kind === "idle";
  return runner.onChange((state) => {
    const wasIdle = isIdle;
    isIdle = state.kind === "idle";
    if (isIdle && !wasIdle) listener();
  });
}

/** How long the end of an update may take to be told before the device asks for what is next. */
const REPORT_WAIT_MS = 10 * SECOND_MS;

/** Returns when nothing waits in the queue, or after a while: the server answers better once it knows. */
async function reportedOrLate(queue: ReportQueue, stop: AbortSignal): Promise<void> {
  const over = new AbortController();
  const isEmpty = new Promise<void>((resolve) => {
    const look = (): void => {
      if (queue.length === 0 || stop.aborted) resolve();
    };
    const unsubscribe = queue.onChange(look);
    over.signal.addEventListener("abort", unsubscribe, { once: true });
    look();
  });
  const late = systemTicker.sleep(REPORT_WAIT_MS, over.signal).catch(() => undefined);
  await Promise.race([isEmpty, late]);
  over.abort();
}

/** What was fetched for an update that is over, or was withdrawn, takes room from the next one. */
function forgetOldParts(runner: UpdateRunner, servers: ServerSwitch): Promise<void> {
  return servers.current().downloads.prune(assignmentUnderWay(runner.state())?.sha256);
}
