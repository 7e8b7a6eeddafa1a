import * as http from "node:http";
import * as https from "node:https";
import { AgentError } from "../agent-error.ts";
import { abortReason } from "../platform/abort-reason.ts";
import { systemCode } from "../storage/durable-file.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Path and query, below the server's URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** An answer that was read to its end. */
export interface HttpReply {
  readonly kind: "reply";
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A success whose body is still to be read; the reader bounds its length and its time. */
export interface HttpStream {
  readonly kind: "stream";
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
}

/** Requests to the one provisioned server. Redirects are answers like any other: nobody sends a device elsewhere. */
export interface HttpClient {
  /** The whole answer, if it is at most `replyBytesMax` long and here before the time-out. */
  request(request: HttpRequest, replyBytesMax: number): Promise<HttpReply>;
  /** As `request`, but the body of a success (2xx) is left to the caller. */
  stream(request: HttpRequest, replyBytesMax: number): Promise<HttpStream | HttpReply>;
  close(): void;
}

export interface HttpClientOptions {
  readonly url: string;
  /** PEM certificates; only what they vouch for is believed. Absent: the system's. */
  readonly certificateAuthority: string | undefined;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** A client that keeps one connection open between requests. Every failure is an `AgentError`, or the signal's reason. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const server = serverOf(options);
  return {
    request: (request, bytesMax) =>
      onceMoreIfStale(() =>
        exchange(server, request, (response) => whole(response, request.path, bytesMax)),
      ),
    stream: (request, bytesMax) =>
      onceMoreIfStale(() =>
        exchange(server, request, async (body): Promise<HttpStream | HttpReply> => {
          const status = body.statusCode ?? 0;
          if (status < 200 || status > 299) return whole(body, request.path, bytesMax);
          return { kind: "stream", status, headers: body.headers, body };
        }),
      ),
    close: () => server.agent.destroy(),
  };
}

interface Server {
  readonly library: typeof http | typeof https;
  readonly agent: http.Agent;
  /** The same for each request. */
  readonly fixed: http.RequestOptions;
  readonly basePath: string;
  readonly options: HttpClientOptions;
}

function serverOf(options: HttpClientOptions): Server {
  const base = new URL(options.url);
  const pool = { keepAlive: true, maxSockets: 4, maxFreeSockets: 1 };
  const authority = options.certificateAuthority;
  const isTls = base.protocol === "https:";
  return {
    library: isTls ? https : http,
    agent: isTls
      ? new https.Agent({
          ...pool,
          minVersion: "TLSv1.2",
          ...(authority === undefined ? {} : { ca: authority }),
        })
      : new http.Agent(pool),
    fixed: {
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ""),
      ...(base.port === "" ? {} : { port: base.port }),
    },
    basePath: base.pathname.replace(/\/+$/, ""),
    options,
  };
}

/** Calls `take` with the answer's head; the time-out covers all that `take` waits for. */
async function exchange<Result>(
  { library, agent, fixed, basePath, options }: Server,
  request: HttpRequest,
  take: (response: http.IncomingMessage) => Promise<Result>,
): Promise<Result> {
  request.signal.throwIfAborted();
  const { method, path, body, signal } = request;
  const length = body === undefined ? {} : { "content-length": body.length };
  const headers = { "user-agent": options.userAgent, ...length, ...request.headers };
  const outgoing = library.request({ ...fixed, agent, method, path: basePath + path, headers });

  let stopped: Error | undefined;
  const stop = (reason: Error): void => {
    stopped ??= reason;
    outgoing.destroy(reason);
  };
  const onAbort = (): void => stop(abortReason(signal));
  const timer = setTimeout(
    () => stop(new AgentError("request-timed-out", { path })),
    options.timeoutMs,
  );
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const response = new Promise<http.IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
    });
    outgoing.end(body);
    return await take(await response);
  } catch (cause) {
    throw stopped ?? transportError(path, cause);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

async function whole(
  response: http.IncomingMessage,
  path: string,
  bytesMax: number,
): Promise<HttpReply> {
  const body = await readBody(response, bytesMax, path);
  return { kind: "reply", status: response.statusCode ?? 0, headers: response.headers, body };
}

/**
 * A server may close a kept connection in the moment the next request is on its way, which says nothing about the
 * server. Every message of the device protocol may be sent twice.
 */
async function onceMoreIfStale<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AgentError) || error.context["reason"] !== "ECONNRESET") throw error;
    return run();
  }
}

async function readBody(
  response: http.IncomingMessage,
  bytesMax: number,
  path: string,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // Leaving the loop destroys the response and its connection: what is too long is not read to its end.
    if (sizeBytes > bytesMax) throw new AgentError("reply-too-large", { path, bytesMax });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/** Codes of OpenSSL's certificate verification that do not begin like the others (node:tls, "X509 certificate error codes"). */
const TLS_CODES = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "EPROTO",
]);

/** A failed connection as the agent's error: `tls-failed` when the certificate is the trouble. */
export function transportError(path: string, cause: unknown): Error {
  if (cause instanceof AgentError) return cause;
  const reason = systemCode(cause) ?? "unknown";
  const isTls = TLS_CODES.has(reason) || /^(?:CERT_|ERR_TLS_|ERR_SSL_)/.test(reason);
  return new AgentError(isTls ? "tls-failed" : "server-unreachable", { path, reason }, { cause });
}
