import { InvariantError, errorChain, type Log } from "@moult/base";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import { ApiError } from "../api-error.ts";
import { newId } from "../new-id.ts";
import type { Tls } from "../tls/open-tls.ts";
import { problemOf } from "./problem-of.ts";

export interface HttpServerOptions {
  /** Null: plain HTTP. */
  readonly tls: Pick<Tls, "certificate" | "privateKey"> | null;
  /** Whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly log: Log;
  /** Whether each answer is logged, at level debug. What it costs per request is only spent where the log keeps it. */
  readonly logsAnswers?: boolean;
}

/** JSON bodies; uploads are streams with a limit of their own. */
const BODY_BYTES_MAX = 1024 * 1024;
/** A connection on which nothing moves for this long is closed; live streams send a comment more often. */
const SILENCE_MS = 120_000;
const IDLE_SWEEP_MS = 20;
const PATH_PART_LENGTH_MAX = 512;

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;
const HSTS = "max-age=31536000";

/** Zod does what Fastify's schemas would; without them Ajv and its like are never loaded (3 MB). */
const noSchemas = (): never => {
  throw new InvariantError("routes are described by the operations table, not by Fastify schemas");
};
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: () => noSchemas, buildSerializer: () => noSchemas },
};

/**
 * The server's one HTTP door, without routes: what every answer has in common. Errors of every route, of protocols too,
 * become problem details (RFC 9457) here.
 */
export function createHttpServer({
  tls,
  trustedProxies,
  log,
  logsAnswers = false,
}: HttpServerOptions): FastifyInstance {
  const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { problem, isBug } = problemOf(error, request.id);
    if (isBug)
      log.error("request-failed", {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        error: errorChain(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    // An answer that has begun cannot become another one; cutting it tells its reader that it is not whole.
    if (reply.raw.headersSent) reply.raw.destroy();
    else void reply.code(problem.status).type("application/problem+json").send(problem);
  };
  const options: FastifyServerOptions = {
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    connectionTimeout: SILENCE_MS,
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX },
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: () => newId(),
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    schemaController: NO_SCHEMAS,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
  };
  // The type of the underlying server tells apart what nothing here does.
  const app =
    tls === null
      ? Fastify(options)
      : (Fastify({
          ...(options as object),
          https: { cert: tls.certificate, key: tls.privateKey, minVersion: "TLSv1.2" },
        }) as unknown as FastifyInstance);

  app.decorateRequest("principal", undefined);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header("x-request-id", request.id);
    if (request.protocol === "https") reply.header("strict-transport-security", HSTS);
    done();
  });
  if (logsAnswers) logAnswers(app, log);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request) => {
    throw new ApiError("not-found", `There is nothing at ${request.url.split("?", 1)[0]}.`);
  });
  return app;
}

function logAnswers(app: FastifyInstance, log: Log): void {
  app.addHook("onResponse", (request, reply, done) => {
    log.debug("request-answered", {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    });
    done();
  });
}

/** Stops accepting, lets what is under way finish until `deadlineMs`, then cuts it. */
export async function closeHttpServer(app: FastifyInstance, deadlineMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), deadlineMs);
  // Clients keep connections for their next request; one that was busy when the closing began falls idle later.
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
    clearInterval(sweep);
  }
}
