import { errorChain } from "@moult/base";
import type { EffectOf, UpdateEvent } from "@moult/updater";
import type { ExecutorDeps } from "./executor-deps.ts";

/** Between two tries to put the last report into the queue. */
const RETRY_MS = 10_000;

/**
 * Puts a report into the queue to the server. One about progress is not worth waiting for; the last one is tried until the
 * queue takes it, because an update without an outcome is never over.
 */
export async function reportUntilDone(
  deps: ExecutorDeps,
  { update, artifact, report }: EffectOf<"report">,
  signal: AbortSignal,
): Promise<UpdateEvent> {
  const done: UpdateEvent = { kind: "reported", sequence: report.sequence };
  if (update.kind === "standalone") return done;
  for (;;) {
    try {
      const logFile = deps.logFileOf(update);
      await deps.server.report({ update, artifact, report, running: deps.running(), logFile });
      return done;
    } catch (cause) {
      deps.log.error("report-not-queued", { kind: report.kind, error: errorChain(cause) });
      if (report.kind !== "finished") return done;
    }
    await deps.ticker.sleep(RETRY_MS, signal);
  }
}
