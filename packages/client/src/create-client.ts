import { operations, type Operation, type OperationId, type Upload } from "@moult/api";
import { assert, type Random } from "@moult/base";
import { ClientError } from "./client-error.ts";
import type { Credentials } from "./credentials.ts";
import { download, type Download, type DownloadOptions } from "./download.ts";
import { events, type EventsOptions } from "./events.ts";
import type {
  Arguments,
  CallId,
  CallOptions,
  DownloadId,
  EventsId,
  Input,
  ItemOf,
  PagedId,
  Reply,
  UploadId,
} from "./operation-input.ts";
import { parseReply } from "./parse-reply.ts";
import type { Values } from "./request-url.ts";
import type { ResumableOptions, ResumablePlace } from "./resumable-upload.ts";
import { lostConnection, sendRepeatably, type Transport } from "./transport.ts";
import { upload, type UploadContent, type UploadOptions } from "./upload.ts";
import { startWatchdog } from "./watchdog.ts";

export interface ClientOptions {
  /** Of the server, for example `https://moult.example.org`. */
  readonly baseUrl: string;
  readonly credentials?: Credentials;
  /** The platform's own, unless told: for other certificate authorities, proxies, and tests. */
  readonly fetch?: typeof fetch;
  /** Spreads the waits between tries. */
  readonly random?: Random;
  readonly userAgent?: string;
}

/**
 * The operator API as functions, typed by its operations table. Refusals of the server are thrown as `ApiProblem`, what
 * happens on the way as `ClientError`, and an abort as the signal's reason. What only reads is tried again a few times.
 */
export interface Client {
  call<Id extends CallId>(id: Id, ...input: Arguments<Id, CallOptions>): Promise<Reply<Id>>;
  /** The pages of a list, fetched as they are asked for. */
  pages<Id extends PagedId>(id: Id, ...input: Arguments<Id, CallOptions>): AsyncIterable<Reply<Id>>;
  /** The items of all pages. */
  all<Id extends PagedId>(id: Id, ...input: Arguments<Id, CallOptions>): AsyncIterable<ItemOf<Id>>;
  upload<Id extends UploadId>(
    id: Id,
    input: Input<Id>,
    content: UploadContent,
    options?: UploadOptions,
  ): Promise<Reply<Id>>;
  /** Uploads an artifact so that it goes on after cut connections and restarts; ends when the server has verified it. */
  resumableUpload(
    content: Blob,
    place: ResumablePlace,
    options?: ResumableOptions,
  ): Promise<Upload>;
  /** Ends an upload and frees its room; the result of one that ended is forgotten. */
  cancelUpload(uploadId: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  download<Id extends DownloadId>(
    id: Id,
    input: Input<Id>,
    options?: DownloadOptions,
  ): Promise<Download>;
  /** Live events, across reconnects, until the caller stops iterating or aborts. */
  events<Id extends EventsId>(
    id: Id,
    ...input: Arguments<Id, EventsOptions>
  ): AsyncIterable<Reply<Id>>;
}

interface Parts {
  readonly params?: Values;
  readonly query?: Values;
  readonly body?: unknown;
}

const TIMEOUT_MS = 30_000;

export function createClient(options: ClientOptions): Client {
  const transport: Transport = {
    baseUrl: options.baseUrl,
    credentials: options.credentials ?? { kind: "none" },
    fetch: options.fetch ?? globalThis.fetch,
    random: options.random ?? { fraction: Math.random },
    userAgent: options.userAgent,
  };
  // Inside, operations are plain values; the signatures of `Client` are what ties each one to its types.
  const operationOf = (id: OperationId): Operation => operations[id];
  const call = (id: OperationId, input: Parts = {}, callOptions: CallOptions = {}) =>
    callOperation(transport, operationOf(id), input, callOptions);
  const client = {
    call,
    pages: (id: OperationId, input?: Parts, callOptions?: CallOptions) =>
      pages(call, id, input, callOptions),
    all: async function* (id: OperationId, input?: Parts, callOptions?: CallOptions) {
      for await (const page of pages(call, id, input, callOptions)) yield* page.items;
    },
    upload: (
      id: OperationId,
      input: Parts,
      content: UploadContent,
      uploadOptions: UploadOptions = {},
    ) => upload(transport, { operation: operationOf(id), ...input }, content, uploadOptions),
    // A part of its own for pages, of which few upload anything.
    resumableUpload: async (
      content: Blob,
      place: ResumablePlace,
      resumable: ResumableOptions = {},
    ) => {
      const { resumableUpload } = await import("./resumable-upload.ts");
      return resumableUpload(transport, content, place, resumable);
    },
    cancelUpload: async (uploadId: string, cancelOptions?: { readonly signal?: AbortSignal }) => {
      const { cancelUpload } = await import("./resumable-upload.ts");
      return cancelUpload(transport, uploadId, cancelOptions);
    },
    download: (id: OperationId, input: Parts, downloadOptions: DownloadOptions = {}) =>
      download(transport, { operation: operationOf(id), ...input }, downloadOptions),
    events: (id: OperationId, input: Parts = {}, eventsOptions: EventsOptions = {}) =>
      events(transport, { operation: operationOf(id), ...input }, eventsOptions),
  };
  return client as unknown as Client;
}

async function callOperation(
  transport: Transport,
  operation: Operation,
  { params, query, body }: Parts,
  { signal, timeoutMs = TIMEOUT_MS }: CallOptions,
): Promise<unknown> {
  const watchdog = startWatchdog(timeoutMs, signal);
  try {
    const response = await sendRepeatably(
      transport,
      {
        operation,
        params,
        query,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      watchdog.signal,
    );
    if (operation.replyKind !== "none") return parseReply(operation, await response.text());
    await response.body?.cancel();
    return undefined;
  } catch (cause) {
    if (!watchdog.hasBitten) throw lostConnection(transport.baseUrl, cause, signal);
    throw new ClientError("timed-out", { operation: operation.id, timeoutMs }, { cause });
  } finally {
    watchdog.stop();
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

async function* pages(
  call: (id: OperationId, input?: Parts, options?: CallOptions) => Promise<unknown>,
  id: OperationId,
  input: Parts = {},
  options: CallOptions = {},
): AsyncGenerator<Page> {
  let cursor: string | null | undefined;
  do {
    const query = cursor === undefined ? input.query : { ...input.query, cursor };
    const page = await call(id, { ...input, ...(query === undefined ? {} : { query }) }, options);
    assert(isPage(page), "a paged operation answers with items and a cursor");
    // A server that gives the same place again would be asked for ever.
    if (page.nextCursor !== null && page.nextCursor === cursor)
      throw new ClientError("reply-invalid", { operation: id, nextCursor: page.nextCursor });
    yield page;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

const isPage = (value: unknown): value is Page =>
  typeof value === "object" && value !== null && "items" in value && "nextCursor" in value;
