import type { Ticker } from "@moult/agent-core";

/** Lets one loop sleep and others wake it. */
export interface Waker {
  /** Ends the present sleep, or the next one at once: a call is never lost between two sleeps. */
  wake(): void;
  /** Returns after `delayMs` (undefined: never by itself), when woken, or when aborted. */
  sleep(delayMs: number | undefined, signal: AbortSignal): Promise<void>;
}

export function createWaker(ticker: Ticker): Waker {
  let isWoken = false;
  let end: (() => void) | undefined;

  return {
    wake: () => {
      isWoken = true;
      end?.();
    },
    sleep: async (delayMs, signal) => {
      if (!isWoken && !signal.aborted) {
        const over = new AbortController();
        await new Promise<void>((resolve) => {
          end = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
          // A sleep that is cut short rejects, and the promise is settled by then.
          if (delayMs !== undefined) ticker.sleep(delayMs, over.signal).then(resolve, resolve);
        });
        end = undefined;
        over.abort();
      }
      isWoken = false;
    },
  };
}
