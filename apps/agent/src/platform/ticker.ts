import { performance } from "node:perf_hooks";
import type { Ticker } from "@moult/agent-core";
import { abortReason } from "./abort-reason.ts";

/** Node's timers take at most 2^31-1 milliseconds and would fire at once for more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Time by the kernel's monotonic clock. */
export const systemTicker: Ticker = {
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortReason(signal));
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(abortReason(signal));
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(Math.max(delayMs, 0), TIMER_MS_MAX),
      );
      signal.addEventListener("abort", onAbort, { once: true });
    }),
};
