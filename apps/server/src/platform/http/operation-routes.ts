import { may, operations, type Operation, type OperationId } from "@moult/api";
import { present, type Log } from "@moult/base";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import * as z from "zod";
import { ApiError } from "../api-error.ts";
import type { Database } from "../database.ts";
import type {
  Handlers,
  OperationContext,
  Principal,
  RequestContext,
  SessionExchange,
  StreamReply,
} from "../operation-handler.ts";
import { authorise, credentialsOf, type Authenticator } from "./authorise.ts";
import { HEARTBEAT_MS, eventStream } from "./event-stream.ts";
import { lingerAfterReply, streamBodyOf } from "./stream-body.ts";
import { createStreamPlaces, type StreamPlaces } from "./stream-places.ts";
import { sendStream } from "./stream-reply.ts";

export interface OperationRouteDeps {
  readonly database: Database;
  readonly handlers: Handlers<OperationId>;
  readonly authenticator: Authenticator;
  readonly publicUrl: () => string;
  readonly log: Log;
  /** Seconds are long in tests. */
  readonly heartbeatMs?: number;
}

/** Inside, operations and handlers are plain values; `Handlers` is what ties each one to its types. */
type AnyHandler = (context: AnyContext, input: unknown) => Promise<unknown>;
type AnyContext = RequestContext &
  Partial<OperationContext> & { readonly exchange: SessionExchange };

/** Every operation of the table as a route below the scope's prefix. */
export function operationRoutes(app: FastifyInstance, parts: OperationRouteDeps): void {
  const all: readonly Operation[] = Object.values(operations);
  const deps = { ...parts, places: createStreamPlaces() };
  app.register((scope, _options, done) => {
    scope.removeContentTypeParser("text/plain");
    for (const each of all) if (each.body !== "stream") mount(scope, each, deps);
    done();
  });
  app.register((scope, _options, done) => {
    // Bytes are bytes, whatever they are called; they reach the handler as they arrive.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    for (const each of all) if (each.body === "stream") mount(scope, each, deps);
    done();
  });
  methodNotAllowed(app, all);
}

const pathOf = (operation: Operation): string => operation.path.replaceAll(/\{(\w+)\}/g, ":$1");

interface MountDeps extends OperationRouteDeps {
  /** Of all operations that answer with a live stream. */
  readonly places: StreamPlaces;
}

function mount(scope: FastifyInstance, operation: Operation, deps: MountDeps): void {
  const handler = deps.handlers[operation.id as OperationId] as unknown as AnyHandler;
  scope.route({
    method:
      operation.method === "GET" && operation.replyKind !== "events"
        ? ["GET", "HEAD"]
        : operation.method,
    url: pathOf(operation),
    // Before the body is read: a stranger's upload ends here.
    onRequest: async (request) => {
      request.principal = await authorise(request, operation.permission, deps);
    },
    handler: async (request, reply) => {
      const abort = new AbortController();
      const context = contextOf(request, reply, abort, deps);
      if (operation.body === "stream") lingerAfterReply(request, reply);
      const result = await handler(context, inputOf(request, operation));
      switch (operation.replyKind) {
        case "none":
          return reply.code(204).send();
        case "json":
          return reply.send(present(operation.reply, "a JSON reply has a schema").parse(result));
        case "stream":
          return sendStream(request, reply, result as StreamReply);
        case "events":
          return sendEvents(request, reply, operation, parsedEvents(operation, result), {
            ...deps,
            end: () => abort.abort(),
          });
      }
    },
  });
}

function contextOf(
  request: FastifyRequest,
  reply: FastifyReply,
  abort: AbortController,
  { database, log }: OperationRouteDeps,
): AnyContext {
  const { principal } = request;
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) abort.abort();
  });
  return {
    requestId: request.id,
    log,
    signal: abort.signal,
    exchange: {
      clientAddress: request.ip,
      cookies: request.headers.cookie,
      setCookies: (values) => void reply.header("set-cookie", [...values]),
    },
    ...(principal === undefined ? {} : { principal, db: database.tenant(principal.tenantId) }),
  };
}

function inputOf(request: FastifyRequest, operation: Operation): unknown {
  const issues: { path: string; message: string }[] = [];
  const parse = (place: string, schema: z.ZodType | undefined, value: unknown): unknown => {
    const result = schema?.safeParse(value);
    if (result?.success === false)
      issues.push(
        ...result.error.issues.map(({ path, message }) => ({
          path: [place, ...path].map(String).join("."),
          message,
        })),
      );
    return result?.data;
  };
  const input = {
    params: parse("params", operation.params, request.params),
    query: parse("query", operation.query, queryOf(request, operation)),
    body:
      operation.body === "stream"
        ? streamBodyOf(request)
        : parse("body", operation.body, request.body),
  };
  if (issues.length === 0) return input;
  const [first] = issues;
  throw new ApiError("invalid-request", `${first?.path}: ${first?.message}`, { issues });
}

/** A browser that reconnects names the last event it saw in a header; it is newer than what its address says. */
function queryOf(request: FastifyRequest, operation: Operation): unknown {
  const lastEventId = request.headers["last-event-id"];
  const query = withLists(request.query as Readonly<Record<string, unknown>>, operation);
  return operation.replyKind === "events" && typeof lastEventId === "string" && lastEventId !== ""
    ? { ...query, after: lastEventId }
    : query;
}

/** What may be repeated is a list, also when it is there once. */
const withLists = (
  query: Readonly<Record<string, unknown>>,
  operation: Operation,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      typeof value === "string" && isList(operation.query?.shape[name]) ? [value] : value,
    ]),
  );

const isList = (schema: z.core.$ZodType | undefined): boolean =>
  schema instanceof z.ZodOptional ? isList(schema.unwrap()) : schema instanceof z.ZodArray;

function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  { permission }: Operation,
  events: AsyncIterable<{ readonly sequence: number }>,
  {
    authenticator,
    heartbeatMs = HEARTBEAT_MS,
    places,
    end,
  }: MountDeps & { readonly end: () => void },
): FastifyReply {
  const { tenantId, userId } = present(request.principal, "live streams are a person's");
  const giveBack = places.take(`${tenantId} ${userId}`);
  if (giveBack === undefined)
    throw new ApiError("unavailable", "Too many live streams are open; try again later.");
  reply.raw.once("close", giveBack);
  const credentials = credentialsOf(request);
  const mayGoOn = async (): Promise<boolean> => {
    const principal = await authenticator.principalOf(credentials).catch(unlessRefused);
    return principal !== undefined && permission !== "public" && may(principal.role, permission);
  };
  return reply
    .header("content-type", "text/event-stream")
    .header("x-accel-buffering", "no")
    .send(eventStream(events, { heartbeatMs, mayGoOn, end }));
}

/** A session or key that is void by now ends the stream; whatever else goes wrong breaks it. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
}

async function* parsedEvents(
  { reply }: Operation,
  events: unknown,
): AsyncGenerator<{ readonly sequence: number }> {
  const schema = present(reply, "an event has a schema");
  for await (const event of events as AsyncIterable<unknown>)
    yield schema.parse(event) as { readonly sequence: number };
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Answers 405 where another method would have been right; each path is asked for with every method that it lacks. */
function methodNotAllowed(app: FastifyInstance, all: readonly Operation[]): void {
  const ofPath = Map.groupBy(all, pathOf);
  for (const [url, known] of ofPath) {
    const allowed = new Set<string>(known.map(({ method }) => method));
    if (known.some(({ method, replyKind }) => method === "GET" && replyKind !== "events"))
      allowed.add("HEAD");
    const missing: HTTPMethods[] = [];
    for (const method of METHODS) {
      // Uploads in parts share a path with an operation.
      if (app.hasRoute({ method, url: `${app.prefix}${url}` })) allowed.add(method);
      if (!allowed.has(method)) missing.push(method);
    }
    app.route({
      method: missing,
      url,
      onRequest: (_request, reply) => {
        reply.header("allow", [...allowed].join(", "));
        throw new ApiError("method-not-allowed", `This address takes ${[...allowed].join(", ")}.`);
      },
      handler: () => undefined,
    });
  }
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, once the request was let through; set for operations alone. */
    principal: Principal | undefined;
  }
}
