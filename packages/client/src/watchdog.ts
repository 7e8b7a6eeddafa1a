import { reasonOf } from "./wait.ts";

/**
 * A signal that aborts when nothing has been heard for `silenceMs`, or when the caller's own signal does. A long transfer
 * is fine; one that stands still is not.
 */
export interface Watchdog {
  readonly signal: AbortSignal;
  /** True when the silence was what ended it. */
  readonly hasBitten: boolean;
  /** Something was heard. `silenceMs` replaces the bound from here on. */
  feed(silenceMs?: number): void;
  /** Nothing is expected before the next `feed`: the caller is busy, not the other side. */
  rest(): void;
  stop(): void;
}

export function startWatchdog(silenceMsAtFirst: number, callerSignal?: AbortSignal): Watchdog {
  const controller = new AbortController();
  let silenceMs = silenceMsAtFirst;
  let hasBitten = false;
  const bite = (): void => {
    hasBitten = true;
    controller.abort(new Error(`nothing was heard for ${silenceMs} ms`));
  };
  const onAbort = (): void => {
    if (callerSignal !== undefined) controller.abort(reasonOf(callerSignal));
  };
  let timer = setTimeout(bite, silenceMs);
  if (callerSignal?.aborted === true) onAbort();
  else callerSignal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    get hasBitten() {
      return hasBitten;
    },
    feed: (nextSilenceMs = silenceMs) => {
      silenceMs = nextSilenceMs;
      clearTimeout(timer);
      timer = setTimeout(bite, silenceMs);
    },
    rest: () => clearTimeout(timer),
    stop: () => {
      clearTimeout(timer);
      callerSignal?.removeEventListener("abort", onAbort);
    },
  };
}
