import type { Log } from "@moult/base";

interface ReportCacheDeps<Report> {
  readonly collect: () => Promise<Report>;
  readonly intervalMs: number;
  readonly monotonicMs: () => number;
  /** What is logged when it cannot be collected. */
  readonly failure: "inventory-failed" | "context-failed";
  readonly log: Log;
}

/** What the device says of itself, as last collected. Scripts may be slow, and nothing that matters waits for them. */
export interface ReportCache<Report> {
  current(): Report;
  /** Collects when it is time to; returns when that is done, or at once. */
  refreshIfDue(): Promise<void>;
}

/** `initial`: what is said until something was collected. */
export function createReportCache<Report>(
  initial: Report,
  { collect, intervalMs, monotonicMs, failure, log }: ReportCacheDeps<Report>,
): ReportCache<Report> {
  let report = initial;
  let collectedAtMs: number | undefined;
  let running: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    try {
      report = await collect();
    } catch (error) {
      log.error(failure, { error });
    } finally {
      collectedAtMs = monotonicMs();
      running = undefined;
    }
  };
  return {
    current: () => report,
    refreshIfDue: async () => {
      const isDue = collectedAtMs === undefined || monotonicMs() - collectedAtMs >= intervalMs;
      if (isDue) running ??= refresh();
      await running;
    },
  };
}
