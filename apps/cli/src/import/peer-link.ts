import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import tls from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import type * as z from "zod";
import { CliError } from "../command-line/cli-error.ts";
import { describeConnection } from "../command-line/describe-connection.ts";

/** How the other server is told who asks; it goes to that server alone. */
type PeerAuthorization = `Basic ${string}` | `Bearer ${string}`;

interface PeerRequest {
  /** Below the server's address, with its query. */
  readonly path: string;
  /** Sent as JSON with POST; without it the request is a GET. */
  readonly body?: unknown;
}

/** What is read of a file on the other server. */
export interface PeerContent {
  /** Where the content begins: what was asked for, or 0 from a server that knows no parts. */
  readonly startBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** The server that an import reads from: one request at a time, each answer bounded, parsed, and named when it is wrong. */
export interface PeerLink {
  readonly server: string;
  readonly authorization: PeerAuthorization | undefined;
  /** Undefined: the server does not know the address, or has nothing to say. */
  find<Schema extends z.ZodType>(
    request: PeerRequest,
    schema: Schema,
  ): Promise<z.infer<Schema> | undefined>;
  /** The same of what must be there. */
  get<Schema extends z.ZodType>(request: PeerRequest, schema: Schema): Promise<z.infer<Schema>>;
  text(request: PeerRequest): Promise<string>;
  /** A path of the server, or an address elsewhere that it gave; only itself is told who asks. */
  open(address: string, startBytes: number): Promise<PeerContent>;
}

export interface PeerLinkOptions {
  readonly server: string;
  readonly authorization?: PeerAuthorization;
  /** PEM; vouches for the server instead of the authorities that this machine knows. */
  readonly authority?: string | undefined;
  readonly signal: AbortSignal;
  readonly retryDelayMs?: number;
}

const REPLY_BYTES_MAX = 32 * 1024 * 1024;
const TRIES_MAX = 5;
const RETRY_DELAY_MS = 500;
const RETRY_AFTER_SECONDS_MAX = 60;
const SILENCE_MS_MAX = 60_000;
const REDIRECTS_MAX = 5;

export function createPeerLink(options: PeerLinkOptions): PeerLink {
  const { server, authorization, signal } = options;
  const send = sender(options);

  async function read(asked: PeerRequest): Promise<string | undefined> {
    const response = await send(new URL(server + asked.path), { body: asked.body });
    // hawkBit says the second of a target that has no attributes yet.
    if (response.statusCode === 404 || response.statusCode === 204) {
      response.resume();
      return undefined;
    }
    demandOk(server, asked, response);
    return textOf(server, asked, response);
  }
  async function find<Schema extends z.ZodType>(
    asked: PeerRequest,
    schema: Schema,
  ): Promise<z.infer<Schema> | undefined> {
    const text = await read(asked);
    return text === undefined ? undefined : parsed(server, asked, text, schema);
  }

  return {
    server,
    authorization,
    find,
    get: async (asked, schema) => {
      const found = await find(asked, schema);
      if (found === undefined) throw missing(server, asked);
      return found;
    },
    text: async (asked) => {
      const text = await read(asked);
      if (text === undefined) throw missing(server, asked);
      return text;
    },
    open: async (address, startBytes) => {
      let url = new URL(address.startsWith("/") ? server + address : address);
      for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
        if (url.protocol !== "https:" && url.protocol !== "http:") break;
        const response = await send(url, { startBytes });
        const { statusCode = 0, headers } = response;
        if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
          response.resume();
          url = new URL(headers.location, url);
          continue;
        }
        const asked = { path: url.pathname };
        demandOk(server, asked, response);
        return { startBytes: startOf(server, asked, response, startBytes), content: response };
      }
      signal.throwIfAborted();
      throw invalid(server, { path: url.pathname }, "it sends from one address to the next");
    },
  };
}

interface Sent {
  readonly body?: unknown;
  readonly startBytes?: number;
}

/** Sends, and again where that may help: the connection broke, or the server is busy. */
function sender({
  server,
  authorization,
  authority,
  signal,
  retryDelayMs = RETRY_DELAY_MS,
}: PeerLinkOptions): (url: URL, sent: Sent) => Promise<IncomingMessage> {
  // Those that vouch for Moult's own server may have been set for the whole process: they do not vouch for this one.
  const ca = authority ?? (tls.getCACertificates?.("default") as string[] | undefined);
  const once = (url: URL, { body, startBytes = 0 }: Sent): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const isOwn = url.origin === new URL(server).origin;
      const sending = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
        method: body === undefined ? "GET" : "POST",
        signal,
        ...(ca === undefined ? {} : { ca }),
        headers: {
          accept: "application/json, */*",
          ...(isOwn && authorization !== undefined ? { authorization } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(startBytes > 0 ? { range: `bytes=${startBytes}-` } : {}),
        },
      });
      sending.setTimeout(SILENCE_MS_MAX, () =>
        sending.destroy(Object.assign(new Error("it is silent"), { code: "ETIMEDOUT" })),
      );
      sending.once("response", resolve).once("error", reject);
      sending.end(body === undefined ? undefined : JSON.stringify(body));
    });

  return async (url, sent) => {
    for (let tries = 1; ; tries += 1) {
      let waitMs = retryDelayMs * 2 ** (tries - 1);
      try {
        const response = await once(url, sent);
        const { statusCode = 0, headers } = response;
        const isBusy = statusCode === 429 || statusCode >= 500;
        if (!isBusy || tries === TRIES_MAX) return response;
        response.resume();
        const asked = Number(headers["retry-after"]);
        if (Number.isFinite(asked)) waitMs = Math.min(asked, RETRY_AFTER_SECONDS_MAX) * 1_000;
      } catch (cause) {
        if (signal.aborted) throw cause;
        if (tries === TRIES_MAX)
          throw new CliError("peer-unreachable", describeConnection(url.origin, cause).sentence, {
            hint: "Run the same command again: it goes on where it stopped.",
            cause,
          });
      }
      await delay(waitMs, undefined, { signal });
    }
  };
}

function demandOk(server: string, asked: PeerRequest, response: IncomingMessage): void {
  const { statusCode = 0 } = response;
  if (statusCode === 200 || statusCode === 206) return;
  response.resume();
  if (statusCode === 401 || statusCode === 403)
    throw new CliError(
      "peer-refused",
      statusCode === 401
        ? `${server} does not accept these credentials.`
        : `${server} does not let this user read ${pathOf(asked)}.`,
      {
        hint: "docs/guide/moving.md says what they must be allowed.",
      },
    );
  throw invalid(server, asked, `its status is ${statusCode}`);
}

/** Where the answer to a request for a part begins. */
function startOf(
  server: string,
  asked: PeerRequest,
  { statusCode, headers }: IncomingMessage,
  startBytes: number,
): number {
  if (statusCode === 200) return 0;
  const [, start] = /^bytes (\d+)-/.exec(headers["content-range"] ?? "") ?? [];
  if (start === undefined || Number(start) !== startBytes)
    throw invalid(server, asked, "it is another part than was asked for");
  return startBytes;
}

async function textOf(
  server: string,
  asked: PeerRequest,
  response: IncomingMessage,
): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > REPLY_BYTES_MAX) throw invalid(server, asked, "it is larger than 32 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed<Schema extends z.ZodType>(
  server: string,
  asked: PeerRequest,
  text: string,
  schema: Schema,
): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(server, asked, "it is no JSON");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(server, asked, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}`);
}

/**
 * Everything in a list that comes in pages, which ends with an empty one: a server may give fewer than it was asked for. One
 * that gives the same page again and again is refused.
 */
export async function* pagesOf<Item>(
  link: PeerLink,
  pathOfPage: (index: number) => string,
  read: (path: string) => Promise<readonly Item[]>,
): AsyncGenerator<readonly Item[]> {
  let first: string | undefined;
  for (let index = 0; ; index += 1) {
    const path = pathOfPage(index);
    const items = await read(path);
    if (items.length === 0) return;
    const firstNow = JSON.stringify(items[0]);
    if (firstNow === first) throw invalid(link.server, { path }, "it is the page before it again");
    first = firstNow;
    yield items;
  }
}

const pathOf = ({ path }: PeerRequest): string => path.split("?")[0] ?? path;

const missing = (server: string, asked: PeerRequest): CliError =>
  new CliError("peer-invalid", `${server} has no ${pathOf(asked)}.`, {
    hint: "Is this the address of the server's API, and is it the server that the command is for?",
  });

const invalid = (server: string, asked: PeerRequest, why: string): CliError =>
  new CliError(
    "peer-invalid",
    `The answer of ${server} to ${pathOf(asked)} is not one that moult knows: ${why}.`,
  );
