import { operations, type Upload } from "@moult/api";
import type { Random } from "@moult/base";
import { ClientError } from "./client-error.ts";
import { parseReply } from "./parse-reply.ts";
import { apiUrl } from "./request-url.ts";
import { lostConnection, sendRepeatably, sendTo, type Transport } from "./transport.ts";
import { startWatchdog } from "./watchdog.ts";

const TUS = { "tus-resumable": "1.0.0" };
const OFFSET_TYPE = "application/offset+octet-stream";
const PART_TIMEOUT_MS = 120_000;
const ASK_TIMEOUT_MS = 30_000;

/** The requests of tus 1.0 that an upload needs, with the client's own errors and patience. */
export interface TusRequests {
  readonly random: Random;
  /** The id of a new upload. */
  begin(sizeBytes: number, metadata: Readonly<Record<string, string>>): Promise<string>;
  /** Which byte is the next. */
  offset(id: string): Promise<number>;
  /** Sends a part; which byte is the next then. */
  patch(id: string, offset: number, part: Uint8Array<ArrayBuffer>): Promise<number>;
  end(id: string): Promise<void>;
  show(id: string): Promise<Upload>;
}

export function createTusRequests(
  transport: Transport,
  signal: AbortSignal | undefined,
): TusRequests {
  const { random } = transport;
  const show = (uploadId: string): Promise<Upload> =>
    within(transport, signal, "showUpload", ASK_TIMEOUT_MS, async (until) => {
      const operation = operations.showUpload;
      const response = await sendRepeatably(
        transport,
        { operation, params: { uploadId }, headers: { accept: "application/json" } },
        until,
      );
      return parseReply(operation, await response.text()) as Upload;
    });
  const tus: SendTus = (method, id, headers = {}, body) => {
    const name = `tus-${method.toLowerCase()}`;
    const timeoutMs = body === undefined ? ASK_TIMEOUT_MS : PART_TIMEOUT_MS;
    return within(transport, signal, name, timeoutMs, async (until) => {
      const path = id === undefined ? "/uploads" : `/uploads/${encodeURIComponent(id)}`;
      const url = apiUrl(transport.baseUrl, path);
      const response = await sendTo(
        transport,
        { name, method, url, headers: { ...TUS, ...headers }, body },
        until,
      );
      await response.body?.cancel();
      return response.headers;
    });
  };

  return {
    random,
    show,
    begin: (sizeBytes, metadata) => begin(tus, sizeBytes, metadata),
    offset: async (id) => {
      try {
        return offsetFrom(await tus("HEAD", id));
      } catch (error) {
        // An answer to HEAD has no body that says why; the same question with GET has.
        if (error instanceof ClientError && error.code === "reply-invalid") await show(id);
        throw error;
      }
    },
    patch: async (id, offset, part) => {
      const headers = { "content-type": OFFSET_TYPE, "upload-offset": String(offset) };
      return offsetFrom(await tus("PATCH", id, headers, part));
    },
    end: async (id) => {
      await tus("DELETE", id);
    },
  };
}

type SendTus = (
  method: string,
  id: string | undefined,
  headers?: Readonly<Record<string, string>>,
  body?: Uint8Array<ArrayBuffer>,
) => Promise<Headers>;

async function begin(
  tus: SendTus,
  sizeBytes: number,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const headers = await tus("POST", undefined, {
    "upload-length": String(sizeBytes),
    "upload-metadata": Object.entries(metadata)
      .map(([name, value]) => `${name} ${base64OfUtf8(value)}`)
      .join(","),
  });
  const id = headers.get("location")?.split("/").at(-1);
  if (id !== undefined && id !== "") return id;
  throw new ClientError("reply-invalid", { operation: "tus-post", issues: ["no Location"] });
}

function offsetFrom(headers: Headers): number {
  const offset = Number(headers.get("upload-offset") ?? Number.NaN);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new ClientError("reply-invalid", { operation: "tus", issues: ["no Upload-Offset"] });
}

async function within<T>(
  { baseUrl }: Transport,
  signal: AbortSignal | undefined,
  name: string,
  timeoutMs: number,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const watchdog = startWatchdog(timeoutMs, signal);
  try {
    return await request(watchdog.signal);
  } catch (cause) {
    if (!watchdog.hasBitten) throw lostConnection(baseUrl, cause, signal);
    throw new ClientError("timed-out", { operation: name, timeoutMs }, { cause });
  } finally {
    watchdog.stop();
  }
}

function base64OfUtf8(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
