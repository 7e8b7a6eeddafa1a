import type { Operation } from "@moult/api";
import { backOffDelayMs, present, type BackOff } from "@moult/base";
import { createParser } from "eventsource-parser";
import { ApiProblem } from "./api-problem.ts";
import { ClientError } from "./client-error.ts";
import type { Values } from "./request-url.ts";
import { isTransient, jsonOf, lostConnection, send, type Transport } from "./transport.ts";
import { reasonOf, wait } from "./wait.ts";
import { startWatchdog } from "./watchdog.ts";

export interface EventsOptions {
  readonly signal?: AbortSignal;
  /** On the first connection and on each one after: what was seen before may be old by now. */
  readonly onConnected?: () => void;
  /** The connection is gone, and will be made again by itself. */
  readonly onDisconnected?: (cause: unknown) => void;
  /** A connection without a byte for this long counts as gone; servers send comments in between. */
  readonly silenceMs?: number;
}

interface Request {
  readonly operation: Operation;
  readonly params?: Values;
  readonly query?: Values;
}

const SILENCE_MS = 60_000;
const BACK_OFF: BackOff = { delayMsMin: 500, delayMsMax: 30_000 };
const EVENT_CHARACTERS_MAX = 1024 * 1024;

/**
 * Events in order, without a gap as long as the server keeps them. Ends only when the caller stops, aborts, or is refused.
 * An event that this version does not know is left out: a newer server may tell more.
 */
export async function* events(
  transport: Transport,
  request: Request,
  options: EventsOptions,
): AsyncGenerator<unknown> {
  const { reply } = request.operation;
  const stream = { lastEventId: "", retryMs: BACK_OFF.delayMsMin };
  for (let failures = 0; ;) {
    try {
      for await (const data of connection(transport, request, stream, options)) {
        failures = 0;
        const event = reply?.safeParse(jsonOf(data));
        if (event?.success === true) yield event.data;
      }
      options.onDisconnected?.(undefined);
    } catch (error) {
      if (options.signal?.aborted === true) throw reasonOf(options.signal);
      const isRefusal = error instanceof ApiProblem || error instanceof ClientError;
      if (isRefusal && !isTransient(error)) throw error;
      options.onDisconnected?.(error);
    }
    failures += 1;
    const delayMsMin = Math.min(stream.retryMs, BACK_OFF.delayMsMax);
    await wait(
      backOffDelayMs({ ...BACK_OFF, delayMsMin }, failures, transport.random),
      options.signal,
    );
  }
}

/** The data of each event of one connection. */
async function* connection(
  transport: Transport,
  request: Request,
  stream: { lastEventId: string; retryMs: number },
  { signal, onConnected, silenceMs = SILENCE_MS }: EventsOptions,
): AsyncGenerator<string> {
  const watchdog = startWatchdog(silenceMs, signal);
  const waiting: string[] = [];
  const failed: { error?: Error } = {};
  const parser = createParser({
    maxBufferSize: EVENT_CHARACTERS_MAX,
    onEvent: ({ data }) => waiting.push(data),
    onId: (id) => {
      stream.lastEventId = id;
    },
    onRetry: (retryMs) => {
      stream.retryMs = retryMs;
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") failed.error = error;
    },
  });
  const headers = {
    accept: "text/event-stream",
    ...(stream.lastEventId === "" ? {} : { "last-event-id": stream.lastEventId }),
  };
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const response = await send(transport, { ...request, headers }, watchdog.signal);
    reader = present(response.body, "a successful answer to GET has a body").getReader();
    onConnected?.();
    const decoder = new TextDecoder();
    for (;;) {
      watchdog.feed();
      const next = await reader.read();
      watchdog.rest();
      if (next.done) return;
      parser.feed(decoder.decode(next.value, { stream: true }));
      yield* waiting.splice(0);
      if (failed.error !== undefined) throw failed.error;
    }
  } catch (cause) {
    if (!watchdog.hasBitten) throw lostConnection(transport.baseUrl, cause, signal);
    throw new ClientError("timed-out", { operation: request.operation.id, silenceMs }, { cause });
  } finally {
    watchdog.stop();
    await reader?.cancel().catch(() => undefined);
  }
}
