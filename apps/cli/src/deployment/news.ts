/** Many tellings make one piece of news. */
export interface News {
  tell(): void;
  /** Resolves with the next news, not before and at latest after the given times; rejects when the signal aborts. */
  next(limits: {
    readonly notBeforeMs: number;
    readonly atLatestMs: number;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

export function createNews(): News {
  let isTold = false;
  let wake: (() => void) | undefined;
  return {
    tell: () => {
      isTold = true;
      wake?.();
    },
    next: async ({ notBeforeMs, atLatestMs, signal }) => {
      await pause(notBeforeMs, signal);
      await pause(atLatestMs - notBeforeMs, signal, (resolve) => {
        wake = resolve;
        if (isTold) resolve();
      });
      wake = undefined;
      isTold = false;
    },
  };
}

function pause(
  delayMs: number,
  signal: AbortSignal,
  start: (resolve: () => void) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    const onEnd = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      resolve();
    };
    const timer = setTimeout(onEnd, delayMs);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    start(onEnd);
  });
}
