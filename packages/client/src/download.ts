import type { Operation } from "@moult/api";
import { backOffDelayMs, present, type BackOff } from "@moult/base";
import { ClientError } from "./client-error.ts";
import type { Values } from "./request-url.ts";
import { isTransient, lostConnection, send, type Transport } from "./transport.ts";
import type { Progress } from "./upload.ts";
import { reasonOf, wait } from "./wait.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How many bytes the caller has already, not all. Nothing says that they are of this content: check its digest. */
  readonly startBytes?: number;
  /** How long the transfer may stand still before the connection is made anew; 30 seconds unless told. */
  readonly stallMs?: number;
}

export interface Download {
  /** Of the whole content, `startBytes` included. */
  readonly sizeBytes: number;
  /** The bytes from `startBytes` on. Broken connections are resumed where they broke. */
  readonly content: AsyncIterable<Uint8Array>;
}

interface Request {
  readonly operation: Operation;
  readonly params?: Values;
  readonly query?: Values;
}

/** One answer with a body. */
interface Opened {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Where in the whole content its body begins. */
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly etag: string | null;
  readonly watchdog: Watchdog;
}

/** What a resumed answer must still be part of. */
interface Place {
  readonly position: number;
  readonly etag: string | null;
}

const STALL_MS = 30_000;
/** Tries in a row without a single byte. */
const TRIES_MAX = 6;
const BACK_OFF: BackOff = { delayMsMin: 250, delayMsMax: 15_000 };

/** Resolves when the first answer is there, so that a refusal is thrown here and not while the content is read. */
export async function download(
  transport: Transport,
  request: Request,
  options: DownloadOptions,
): Promise<Download> {
  const place = { position: options.startBytes ?? 0, etag: null };
  const first = await openPatiently(transport, request, place, options, 0);
  return {
    sizeBytes: first.sizeBytes,
    content: contentFrom(transport, request, first, options),
  };
}

async function* contentFrom(
  transport: Transport,
  request: Request,
  first: Opened,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  let opened = first;
  let position = options.startBytes ?? 0;
  let readTo = opened.startBytes;
  let failures = 0;
  try {
    while (position < first.sizeBytes) {
      const chunk = await nextChunk(opened, options.signal);
      if (chunk === undefined) {
        failures += 1;
        await close(opened);
        const place = { position, etag: first.etag };
        opened = await openPatiently(transport, request, place, options, failures);
        refuseOtherSize(first, opened);
        readTo = opened.startBytes;
        continue;
      }
      readTo += chunk.length;
      if (readTo <= position) continue;
      const fresh = chunk.subarray(Math.max(0, chunk.length - (readTo - position)));
      failures = 0;
      position = readTo;
      options.onProgress?.({ doneBytes: position, totalBytes: first.sizeBytes });
      yield fresh;
    }
  } finally {
    await close(opened);
  }
}

/** Undefined when the connection broke, ended early or stood still. */
async function nextChunk(
  { reader, watchdog }: Opened,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    watchdog.feed();
    const next = await reader.read();
    return next.value;
  } catch {
    // Whatever broke it, the way on is the same: ask for the rest. A server that is gone is reported by that.
    if (signal?.aborted === true) throw reasonOf(signal);
    return undefined;
  } finally {
    watchdog.rest();
  }
}

async function close({ reader, watchdog }: Opened): Promise<void> {
  watchdog.stop();
  // A connection that broke cannot be cancelled any more, and need not be.
  await reader.cancel().catch(() => undefined);
}

function refuseOtherSize(first: Opened, opened: Opened): void {
  if (opened.sizeBytes === first.sizeBytes) return;
  throw new ClientError("content-changed", {
    sizeBytesAtFirst: first.sizeBytes,
    sizeBytes: opened.sizeBytes,
  });
}

/** `failures` counts the tries in a row that brought nothing. */
async function openPatiently(
  transport: Transport,
  request: Request,
  place: Place,
  options: DownloadOptions,
  failuresBefore: number,
): Promise<Opened> {
  for (let failures = failuresBefore; ; failures += 1) {
    if (failures >= TRIES_MAX)
      throw new ClientError("download-incomplete", { doneBytes: place.position, tries: TRIES_MAX });
    if (failures > 0)
      await wait(backOffDelayMs(BACK_OFF, failures, transport.random), options.signal);
    try {
      return await open(transport, request, place, options);
    } catch (error) {
      if (!isTransient(error) || failures === TRIES_MAX - 1) throw error;
    }
  }
}

async function open(
  transport: Transport,
  request: Request,
  { position, etag }: Place,
  { signal, stallMs = STALL_MS }: DownloadOptions,
): Promise<Opened> {
  const watchdog = startWatchdog(stallMs, signal);
  const headers = {
    // A compressed answer would have other positions.
    "accept-encoding": "identity",
    ...(position === 0 ? {} : { range: `bytes=${position}-` }),
    ...(position === 0 || etag === null ? {} : { "if-range": etag }),
  };
  try {
    const response = await send(transport, { ...request, headers }, watchdog.signal);
    const opened = openedFrom(request.operation, response, watchdog);
    if (opened.startBytes > position)
      throw replyInvalid(request.operation, "not the range that was asked for");
    if (etag !== null && opened.etag !== etag)
      throw new ClientError("content-changed", { etagAtFirst: etag, etag: opened.etag });
    watchdog.rest();
    return opened;
  } catch (cause) {
    watchdog.stop();
    if (!watchdog.hasBitten) throw lostConnection(transport.baseUrl, cause, signal);
    throw new ClientError("timed-out", { operation: request.operation.id, stallMs }, { cause });
  }
}

/** A server may answer a range with the whole (RFC 9110 section 14.2): then what the caller has is read again. */
function openedFrom(operation: Operation, response: Response, watchdog: Watchdog): Opened {
  const { headers, status, body } = response;
  const range =
    status === 206
      ? /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "")
      : [undefined, "0", headers.get("content-length") ?? undefined];
  if (range?.[1] === undefined || range[2] === undefined)
    throw replyInvalid(operation, "the answer does not say which bytes it has");
  return {
    reader: present(body, "a successful answer to GET has a body").getReader(),
    startBytes: Number(range[1]),
    sizeBytes: Number(range[2]),
    etag: headers.get("etag"),
    watchdog,
  };
}

const replyInvalid = (operation: Operation, reason: string): ClientError =>
  new ClientError("reply-invalid", { operation: operation.id, reason });
