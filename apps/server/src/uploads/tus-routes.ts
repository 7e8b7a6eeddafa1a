import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { authorise, type AuthoriseDeps } from "../platform/http/authorise.ts";
import { lingerAfterReply } from "../platform/http/stream-body.ts";
import type { SharedParts } from "./upload-deps.ts";
import { createUploadLocks } from "./upload-lock.ts";

const PATH = "/uploads";

/** tus 1.0 at `<prefix>/uploads`, behind the same doors as every operation: permission, same origin, tenant. */
export function tusRoutes(app: FastifyInstance, parts: SharedParts, deps: AuthoriseDeps): void {
  const place = { path: `${app.prefix}${PATH}`, locks: createUploadLocks() };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));

  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header("tus-resumable", "1.0.0");
    request.principal = await authorise(request, "releases:write", deps);
  };
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    lingerAfterReply(request, reply);
    // 6 MB that a server nobody uploads to does not need.
    const { answerTus } = await import("./answer-tus.ts");
    return answerTus(request, reply, parts, place);
  };
  app.route({ method: ["POST", "OPTIONS"], url: PATH, onRequest, handler });
  app.route({ method: ["HEAD", "PATCH", "DELETE"], url: `${PATH}/:uploadId`, onRequest, handler });
}
