import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { operations, type Operation, type OperationId } from "@moult/api";
import { COMMANDS } from "./command-line/command-table.ts";
import { runCli } from "./command-line/run-cli.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** One request to the fixture, its path taken apart by the operations table. */
interface FixtureRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How often this operation was asked for, this time included. */
  readonly number: number;
}

/** Answers an operation with its JSON reply; `handled` when it wrote the answer itself. */
export type FixtureAnswer = (request: FixtureRequest) => unknown;
export const HANDLED = Symbol("handled");

/** A refusal with problem details. */
export class Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  constructor(status: number, code: string, detail: string) {
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

export interface ApiServer {
  readonly url: string;
  /** Ids of the operations that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** A server that speaks the operator API over HTTP, with the answers that a test gives it. */
export async function startApiServer(
  answers: Partial<Record<OperationId, FixtureAnswer>>,
  /** Answers what is no operation; false when it does not know it either. */
  elsewhere: (request: IncomingMessage, response: ServerResponse) => Promise<boolean> = async () =>
    false,
): Promise<ApiServer> {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "", "http://fixture");
    const found = operationOf(request.method ?? "", url.pathname);
    if (found === undefined && (await elsewhere(request, response))) return;
    if (found === undefined)
      return refuse(response, new Refusal(404, "not-found", "No such address."));
    asked.push(found.operation.id);
    const isStream = found.operation.body === "stream";
    const text = isStream ? "" : await textOf(request);
    const reply: unknown = await answers[found.operation.id as OperationId]?.({
      params: found.params,
      query: Object.fromEntries(url.searchParams),
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
      request,
      response,
      number: asked.filter((id) => id === found.operation.id).length,
    });
    if (reply === HANDLED) return;
    if (reply instanceof Refusal) refuse(response, reply);
    else if (found.operation.replyKind === "none") response.writeHead(204).end();
    else if (reply === undefined)
      refuse(response, new Refusal(500, "internal", `No answer to ${found.operation.id}.`));
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
  };
  const server = createServer((request, response) => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : new Error("the fixture failed")),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function operationOf(method: string, path: string) {
  const all: readonly Operation[] = Object.values(operations);
  for (const operation of all) {
    const pattern = operation.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const match = new RegExp(`^/api/v1${pattern}$`).exec(path);
    if (match !== null && operation.method === method)
      return { operation, params: { ...match.groups } };
  }
  return undefined;
}

function refuse(response: ServerResponse, { status, code, detail }: Refusal): void {
  response.writeHead(status, { "content-type": "application/problem+json" }).end(
    JSON.stringify({
      type: "about:blank",
      title: code,
      status,
      code,
      detail,
      requestId: "req-1",
    }),
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** What came out of a command. */
export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was drawn over, one entry per drawing. */
  readonly statuses: readonly string[];
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Answers to questions, in order; without them nobody is there to answer. */
  readonly answers?: readonly string[];
  readonly input?: string;
  readonly columns?: number;
  readonly hasStatus?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs `moult ...` in this process, with a terminal that records. */
export async function runMoult(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const statuses: string[] = [];
  const answers = [...(options.answers ?? [])];
  const ask = (question: string): Promise<string> => {
    err.push(question);
    return Promise.resolve(answers.shift() ?? "");
  };
  const terminal: Terminal = {
    columns: options.columns,
    hasStatus: options.hasStatus ?? false,
    canAsk: options.answers !== undefined,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    status: (lines) => {
      if (options.hasStatus === true && lines !== undefined) statuses.push(lines.join("\n"));
    },
    style: (_, text) => text,
    ask,
    askSecret: ask,
    readInput: () => Promise.resolve(options.input ?? ""),
  };
  const code = await runCli(COMMANDS, args, "0.0.0", {
    terminal,
    environment: options.environment ?? {},
    signal: options.signal ?? new AbortController().signal,
    scryptN: 2 ** 10,
  });
  return { code, out: out.join("\n"), err: err.join("\n"), statuses };
}

/** Environment of somebody who is signed in to `server` by variables alone. */
export const signedInTo = (server: { readonly url: string }, home = "/nonexistent") => ({
  MOULT_SERVER: server.url,
  MOULT_API_KEY: "moult_test_key",
  XDG_CONFIG_HOME: home,
});
