import { setTimeout as delay } from "node:timers/promises";
import { merge, nothingSince, type Collected } from "./collect-changes.ts";

/** What one watcher has not been told yet: one piece of news, however long it does not look. */
export interface Mailbox {
  put(collected: Collected): void;
  /** Nothing more comes; after a failure, whoever takes fails with it. */
  close(failure?: Error): void;
  /**
   * What was put since the last time, as soon as there is something, and not before `everyMs` after the last time.
   * Undefined when nothing more comes or `signal` aborts.
   */
  take(everyMs: number, signal: AbortSignal): Promise<Collected | undefined>;
}

export function createMailbox(): Mailbox {
  let waiting: Collected | undefined;
  let end: { readonly failure: Error | undefined } | undefined;
  let wake = (): void => undefined;
  let takenAtMs = performance.now();

  const news = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const settle = (): void => {
        signal.removeEventListener("abort", settle);
        resolve();
      };
      wake = settle;
      signal.addEventListener("abort", settle);
      if (waiting !== undefined || end !== undefined || signal.aborted) settle();
    });

  return {
    put: (collected) => {
      waiting ??= nothingSince(collected.sequence);
      merge(waiting, collected);
      wake();
    },
    close: (failure) => {
      end ??= { failure };
      wake();
    },
    take: async (everyMs, signal) => {
      await news(signal);
      const waitMs = takenAtMs + everyMs - performance.now();
      if (waitMs > 0 && end === undefined)
        // Only the signal ends it early, and then nothing is taken.
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      takenAtMs = performance.now();
      const taken = waiting;
      waiting = undefined;
      if (taken === undefined && end?.failure !== undefined) throw end.failure;
      return taken;
    },
  };
}
