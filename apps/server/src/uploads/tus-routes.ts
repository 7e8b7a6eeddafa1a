import { randomUUID } from "node:crypto";
import { present } from "@moult/base";
import { UploadId } from "@moult/model";
import { Server } from "@tus/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../platform/api-error.ts";
import { authorise, type AuthoriseDeps } from "../platform/http/authorise.ts";
import { lingerAfterReply, streamBodyOf } from "../platform/http/stream-body.ts";
import { newId } from "../platform/new-id.ts";
import { tusProblem } from "./tus-problem.ts";
import type { SharedParts } from "./upload-deps.ts";
import { createUploadLocker } from "./upload-lock.ts";
import { UploadStore } from "./upload-store.ts";

const PATH = "/uploads";
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

/** tus 1.0 at `<prefix>/uploads`, behind the same doors as every operation: permission, same origin, tenant. */
export function tusRoutes(app: FastifyInstance, parts: SharedParts, deps: AuthoriseDeps): void {
  const locker = createUploadLocker();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));

  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header("tus-resumable", "1.0.0");
    request.principal = await authorise(request, "releases:write", deps);
  };
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { tenantId, userId } = present(request.principal, "uploads are a signed-in person's");
    let failure: unknown;
    const tus = new Server({
      path: `${app.prefix}${PATH}`,
      // Behind a proxy nobody knows the address that the client used; relative to it, it is right.
      relativeLocation: true,
      datastore: new UploadStore(parts, parts.database.tenant(tenantId), userId),
      locker,
      lockDrainTimeout: DRAIN_MS,
      namingFunction: () => newId<UploadId>(parts.clock.now()),
      getFileIdFromRequest: () => uploadIdOf(request),
      onResponseError: (_request, error) => {
        failure = error;
        return undefined;
      },
    });
    lingerAfterReply(request, reply);
    const body = untilCut(request);
    const response = await tus.handleWeb(webRequest(request, body));
    // What is left of it is nobody's any more; whoever still sends it shall read the answer.
    void body.return(undefined);
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
    if (response.status >= 400)
      throw new ApiError("invalid-request", (await response.text()).trim());
    return reply.code(response.status).headers(headers).send();
  };
  app.route({ method: ["POST", "OPTIONS"], url: PATH, onRequest, handler });
  app.route({ method: ["HEAD", "PATCH", "DELETE"], url: `${PATH}/:uploadId`, onRequest, handler });
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
