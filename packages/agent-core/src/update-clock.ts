import type { Ticker } from "./ticker.ts";

/**
 * The time of one run in which updates could go on. It stands still while a state is being saved, which on a full disk takes
 * as long as the disk is full: nothing is decided and nothing begins then, so no deadline may pass and nobody be blamed for it.
 */
export interface UpdateClock {
  nowMs(): number;
  /** Stands still until `work` ends; one at a time. */
  pausedFor<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when it is `atMs`; rejects with the signal's reason when it is aborted. */
  until(atMs: number, signal: AbortSignal): Promise<void>;
}

/** Timers may fire so much too early. */
const TIMER_PRECISION_MS = 1;

export function createUpdateClock(ticker: Ticker): UpdateClock {
  let pausedMs = 0;
  let pause: { readonly atMs: number; readonly ended: Promise<unknown> } | undefined;
  const nowMs = (): number => (pause?.atMs ?? ticker.monotonicMs()) - pausedMs;
  return {
    nowMs,
    pausedFor: async (work) => {
      const atMs = ticker.monotonicMs();
      const result = work();
      const ended = result.catch(() => undefined);
      pause = { atMs, ended };
      await ended;
      pausedMs += ticker.monotonicMs() - atMs;
      pause = undefined;
      return result;
    },
    until: async (atMs, signal) => {
      for (let left = atMs - nowMs(); left >= TIMER_PRECISION_MS; left = atMs - nowMs()) {
        await ticker.sleep(left, signal);
        await pause?.ended;
      }
    },
  };
}
