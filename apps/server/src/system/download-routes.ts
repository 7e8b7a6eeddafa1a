import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../platform/api-error.ts";
import { sendStream } from "../platform/http/stream-reply.ts";
import { isDownloadName, type Downloads } from "./downloads.ts";

/** `/download/`: the agent and the command line, for machines that have no key yet. */
export function downloadRoutes(app: FastifyInstance, downloads: Downloads): void {
  app.route<{ Params: { name: string } }>({
    method: ["GET", "HEAD"],
    url: "/download/:name",
    handler: async (request, reply) => {
      const { name } = request.params;
      if (!isDownloadName(name)) return reply.callNotFound();
      const file = await downloads.read(name);
      if (file === undefined)
        throw new ApiError(
          "not-found",
          `This server has not built ${name}; npm run build makes it.`,
        );
      reply.header("cache-control", "no-cache");
      return sendStream(request, reply, {
        contentType: "text/javascript; charset=utf-8",
        sizeBytes: file.bytes.length,
        etag: file.sha256,
        fileName: name,
        open: async ({ start, end }) => Readable.from([file.bytes.subarray(start, end)]),
      });
    },
  });
}
