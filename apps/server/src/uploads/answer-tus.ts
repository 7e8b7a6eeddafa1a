import { randomUUID } from "node:crypto";
import { present } from "@moult/base";
import { UploadId } from "@moult/model";
import { Server } from "@tus/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../platform/api-error.ts";
import { streamBodyOf } from "../platform/http/stream-body.ts";
import { newId } from "../platform/new-id.ts";
import { tusProblem } from "./tus-problem.ts";
import type { SharedParts } from "./upload-deps.ts";
import type { UploadLocks } from "./upload-lock.ts";
import { UploadStore } from "./upload-store.ts";

/** How long a request goes on whose client has come again. */
const DRAIN_MS = 500;
/** Of an answer of tus; the rest is this server's own business. */
const ANSWER_HEADERS = [
  "location",
  "connection",
  "tus-version",
  "tus-extension",
  "tus-max-size",
  "upload-expires",
  "upload-length",
  "upload-metadata",
  "upload-offset",
];

/** Answers one request of a signed-in person. `path` is where tus lies, `locks` are every request's. */
export async function answerTus(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SharedParts,
  { path, locks }: { readonly path: string; readonly locks: UploadLocks },
): Promise<FastifyReply> {
  const { tenantId, userId } = present(request.principal, "uploads are a signed-in person's");
  let failure: unknown;
  const tus = new Server({
    path,
    // Behind a proxy nobody knows the address that the client used; relative to it, it is right.
    relativeLocation: true,
    datastore: new UploadStore(parts, parts.database.tenant(tenantId), userId),
    locker: locks.of(tenantId, userId),
    lockDrainTimeout: DRAIN_MS,
    namingFunction: () => newId<UploadId>(parts.clock.now()),
    getFileIdFromRequest: () => uploadIdOf(request),
    onResponseError: (_request, error) => {
      failure = error;
      return undefined;
    },
  });
  const body = untilCut(request);
  const response = await tus.handleWeb(webRequest(request, body));
  // What is left of it is nobody's any more; whoever still sends it shall read the answer.
  body.return(undefined).catch(() => undefined);
  if (failure !== undefined) throw tusProblem(failure);
  const headers = Object.fromEntries(
    ANSWER_HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  if (response.status === 412) {
    reply.header("tus-version", "1.0.0");
    throw new ApiError("upload-version-unsupported", "Send `Tus-Resumable: 1.0.0`.");
  }
  if (response.status >= 400) throw new ApiError("invalid-request", (await response.text()).trim());
  return reply.code(response.status).headers(headers).send();
}

/** An id that is none becomes one that nobody has. */
function uploadIdOf(request: FastifyRequest): string {
  const { uploadId } = request.params as { readonly uploadId?: string };
  const parsed = UploadId.safeParse(uploadId);
  return parsed.success ? parsed.data : randomUUID();
}

/** The body is read when it is asked for, and the connection outlives it, so that a refusal can still be answered. */
function webRequest(request: FastifyRequest, body: AsyncIterable<Uint8Array>): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  const init: RequestInit & { duplex?: "half" } = { method: request.method, headers };
  if (request.method === "PATCH" || request.method === "POST") {
    init.body = ReadableStream.from(body);
    init.duplex = "half";
  }
  return new Request(new URL(request.url, "http://localhost"), init);
}

/** A cut is an end like any other: an error would throw away what is still on its way to the disk. */
async function* untilCut(request: FastifyRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* streamBodyOf(request).content;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "upload-incomplete") throw error;
  }
}
