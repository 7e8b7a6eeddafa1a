import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ticker } from "../update-runner/update-runner.ts";

/** The machine's monotonic clock, counted from the start of this process. */
export const systemTicker: Ticker = {
  monotonicMs: () => performance.now(),
  sleep: async (delayMs, signal) => {
    signal.throwIfAborted();
    try {
      await sleep(Math.max(0, delayMs), undefined, { signal });
    } catch (cause) {
      signal.throwIfAborted();
      throw cause;
    }
  },
};
