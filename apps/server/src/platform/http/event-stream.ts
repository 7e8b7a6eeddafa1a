import { Readable } from "node:stream";
import { assert } from "@moult/base";

/** Shorter than the silence after which clients and proxies give a connection up. */
export const HEARTBEAT_MS = 15_000;

export interface EventStreamOptions {
  readonly heartbeatMs: number;
  /** Asked at each heartbeat: a session that ended, or a role that was taken away, ends the stream. */
  readonly mayGoOn: () => Promise<boolean>;
  /** Makes `events` end; while it waits for the next one, it hears of nothing else. */
  readonly end: () => void;
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each with its sequence as id, and a
 * comment whenever nothing happened for a while. Pulled as fast as the reader reads, so a slow one costs no memory.
 */
export function eventStream(
  events: AsyncIterable<{ readonly sequence: number }>,
  options: EventStreamOptions,
): Readable {
  return Readable.from(lines(events, options), { objectMode: false });
}

async function* lines(
  events: AsyncIterable<{ readonly sequence: number }>,
  { heartbeatMs, mayGoOn, end }: EventStreamOptions,
): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  let askedMs = performance.now();
  try {
    // Bytes at once, so that proxies pass the headers on.
    yield "retry: 1000\n\n";
    for (;;) {
      const next = watchSettled(iterator.next());
      for (;;) {
        const isReady = await next.within(heartbeatMs);
        // A busy stream has no heartbeats, and is asked all the same.
        if (performance.now() - askedMs >= heartbeatMs) {
          if (!(await mayGoOn())) return;
          askedMs = performance.now();
        }
        if (isReady) break;
        yield ": \n\n";
      }
      const { done, value } = await next.promise;
      if (done === true) return;
      assert(Number.isSafeInteger(value.sequence), "an event has its place in the stream");
      yield `id: ${value.sequence}\ndata: ${JSON.stringify(value)}\n\n`;
    }
  } finally {
    end();
    await iterator.return?.();
  }
}

/** Waits for `promise` in turns, with one callback on it however many turns there are. */
function watchSettled<T>(promise: Promise<T>) {
  let isSettled = false;
  let onSettled = (): void => undefined;
  const settled = (): void => {
    isSettled = true;
    onSettled();
  };
  promise.then(settled, settled);
  return {
    promise,
    within: (ms: number): Promise<boolean> => {
      if (isSettled) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), ms);
        onSettled = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
  };
}
