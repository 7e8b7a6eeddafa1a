import type { Operation } from "@moult/api";
import { present } from "@moult/base";
import { ClientError } from "./client-error.ts";
import { parseReply } from "./parse-reply.ts";
import type { Values } from "./request-url.ts";
import { lostConnection, send, type Transport } from "./transport.ts";
import { startWatchdog } from "./watchdog.ts";

/**
 * What is uploaded. Browsers stream a request only over HTTP/2, if at all, so there it must be a `Blob` (a `File`), whose
 * progress they do not tell.
 */
export type UploadContent =
  | Blob
  | {
      readonly bytes: AsyncIterable<Uint8Array>;
      /** Exactly as many as `bytes` gives. */
      readonly sizeBytes: number;
    };

export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How long the transfer may stand still; a minute unless told. */
  readonly stallMs?: number;
}

const STALL_MS = 60_000;
/** After its last byte the server still makes the file durable, which takes a slow disk minutes for gigabytes. */
const ANSWER_MS = 10 * 60_000;

export async function upload(
  transport: Transport,
  request: { readonly operation: Operation; readonly params?: Values; readonly query?: Values },
  content: UploadContent,
  { signal, onProgress, stallMs = STALL_MS }: UploadOptions,
): Promise<unknown> {
  const isBlob = content instanceof Blob;
  const watchdog = startWatchdog(isBlob ? ANSWER_MS : stallMs, signal);
  const totalBytes = isBlob ? content.size : content.sizeBytes;
  const failure: { error?: Error } = {};
  const onSent = (doneBytes: number): void => {
    watchdog.feed(doneBytes === totalBytes ? ANSWER_MS : stallMs);
    onProgress?.({ doneBytes, totalBytes });
  };
  const body = isBlob ? undefined : streamOf(content.bytes, totalBytes, onSent, failure);
  try {
    const response = await send(
      transport,
      {
        ...request,
        headers: {
          accept: "application/json",
          "content-type": "application/octet-stream",
          ...(isBlob ? {} : { "content-length": String(totalBytes) }),
        },
        body: isBlob ? content : present(body, "what is no blob is streamed").stream,
      },
      watchdog.signal,
    );
    return parseReply(request.operation, await response.text());
  } catch (cause) {
    if (failure.error !== undefined) throw failure.error;
    if (!watchdog.hasBitten) throw lostConnection(transport.baseUrl, cause, signal);
    throw new ClientError("timed-out", { operation: request.operation.id, stallMs }, { cause });
  } finally {
    watchdog.stop();
    body?.end();
  }
}

interface Body {
  readonly stream: ReadableStream<Uint8Array>;
  /** Closes the source. Node's `fetch` reads on after a refusal, to the end, though it sends nothing any more. */
  end(): void;
}

/** Counts what is sent and holds it to the announced length, which the server has been told already. */
function streamOf(
  bytes: AsyncIterable<Uint8Array>,
  totalBytes: number,
  onSent: (doneBytes: number) => void,
  failure: { error?: Error },
): Body {
  const source = bytes[Symbol.asyncIterator]();
  let doneBytes = 0;
  const next = async (): Promise<Uint8Array | undefined> => {
    const result = await source.next();
    const chunk = result.done === true ? undefined : result.value;
    const actualBytes = doneBytes + (chunk?.length ?? 0);
    if (actualBytes > totalBytes || (chunk === undefined && actualBytes < totalBytes))
      throw new ClientError("content-length-wrong", { announcedBytes: totalBytes, actualBytes });
    return chunk;
  };
  let end = (): void => undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        end = () => {
          controller.error(new Error("the request is over"));
          // A source that waits for more ends when it next has some; nobody waits for that.
          source.return?.().catch(() => undefined);
        };
      },
      pull: async (controller) => {
        try {
          const chunk = await next();
          if (chunk === undefined) {
            controller.close();
            return;
          }
          controller.enqueue(chunk);
          doneBytes += chunk.length;
          onSent(doneBytes);
        } catch (cause) {
          // The platform's `fetch` would say only that the request failed.
          failure.error =
            cause instanceof Error ? cause : new Error("the content cannot be read", { cause });
          throw failure.error;
        }
      },
      cancel: async () => {
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, end: () => end() };
}
