import { Problem, type Operation } from "@moult/api";
import { backOffDelayMs, type BackOff, type Random } from "@moult/base";
import { ApiProblem } from "./api-problem.ts";
import { ClientError } from "./client-error.ts";
import { applyCredentials, type Credentials } from "./credentials.ts";
import { requestUrl, type Values } from "./request-url.ts";
import { reasonOf, wait } from "./wait.ts";

/** What every request needs, decided once. */
export interface Transport {
  readonly baseUrl: string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly random: Random;
  readonly userAgent: string | undefined;
}

/** One request. `headers` come on top of what the transport adds. */
export interface Outgoing {
  readonly operation: Operation;
  readonly params?: Values | undefined;
  readonly query?: Values | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Blob | ReadableStream<Uint8Array>;
}

/** Statuses that a proxy or a server that restarts gives, with a chance that the next try works. */
const TRANSIENT: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const RETRIES_MAX = 2;
const RETRY_BACK_OFF: BackOff = { delayMsMin: 200, delayMsMax: 2_000 };
const PROBLEM_TYPE = "application/problem+json";

/** One request to an address; `name` is what errors call it. */
export interface Addressed {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: BodyInit | undefined;
}

/** Sends one request. A success is returned; a refusal is thrown as `ApiProblem`, anything else as `ClientError`. */
export function send(
  transport: Transport,
  { operation, params, query, headers, body }: Outgoing,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { id: name, method } = operation;
  const url = requestUrl(transport.baseUrl, operation, params, query);
  return sendTo(transport, { name, method, url, headers, body }, signal);
}

/** The same for what is no operation. */
export async function sendTo(
  transport: Transport,
  { name, method, url, body, headers: ownHeaders }: Addressed,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const headers = new Headers(ownHeaders);
  applyCredentials(transport.credentials, headers);
  if (transport.userAgent !== undefined) headers.set("user-agent", transport.userAgent);
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers,
    redirect: "manual",
    cache: "no-store",
    credentials: transport.credentials.kind === "browser" ? "same-origin" : "omit",
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body }),
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  };
  const response = await connect(transport, url, init, signal);
  if (transport.credentials.kind === "cookies") transport.credentials.jar.store(response.headers);
  if (response.ok) return response;
  throw await refusal(name, response, url);
}

/** Tries again, a few times, what changes nothing on the server and failed for a reason that passes. */
export async function sendRepeatably(
  transport: Transport,
  outgoing: Outgoing,
  signal: AbortSignal | undefined,
): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(transport, outgoing, signal);
    } catch (error) {
      const isLast = outgoing.operation.method !== "GET" || attempt > RETRIES_MAX;
      if (isLast || signal?.aborted === true || !isTransient(error)) throw error;
      await wait(backOffDelayMs(RETRY_BACK_OFF, attempt, transport.random), signal);
    }
  }
}

/** Whether the same request may work a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiProblem) return TRANSIENT.has(error.status);
  if (!(error instanceof ClientError)) return false;
  if (error.code === "server-unreachable" || error.code === "timed-out") return true;
  return error.code === "reply-invalid" && TRANSIENT.has(Number(error.context["status"]));
}

async function connect(
  transport: Transport,
  url: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    // Called without a receiver: browsers refuse `fetch` as a method of another object.
    const { fetch } = transport;
    return await fetch(url, init);
  } catch (cause) {
    throw lostConnection(transport.baseUrl, cause, signal);
  }
}

/** What a broken connection means: the caller's own abort, or a server that cannot be reached. */
export function lostConnection(
  baseUrl: string,
  cause: unknown,
  signal: AbortSignal | undefined,
): Error {
  if (signal?.aborted === true) return reasonOf(signal);
  if (cause instanceof ClientError || cause instanceof ApiProblem) return cause;
  return new ClientError("server-unreachable", { server: baseUrl }, { cause });
}

async function refusal(operation: string, response: Response, url: string): Promise<Error> {
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    const location = response.headers.get("location");
    return new ClientError("redirected", { url, ...(location === null ? {} : { location }) });
  }
  const type = response.headers.get("content-type") ?? "";
  const text = await response.text().catch(() => "");
  const problem = type.startsWith(PROBLEM_TYPE) ? Problem.safeParse(jsonOf(text)) : undefined;
  if (problem?.success === true) return new ApiProblem(problem.data);
  return new ClientError("reply-invalid", {
    operation,
    status,
    contentType: type,
    start: text.slice(0, 200),
  });
}

/** The parsed text, or undefined when it is not JSON; no JSON text means undefined. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
