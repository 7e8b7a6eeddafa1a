import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";
import type { StreamBody } from "../operation-handler.ts";

/** How long an answered upload may go on sending what nobody wants any more, so that its sender reads the answer. */
const LINGER_MS = 10_000;

/** The raw body as it arrives. Reading on past a cut connection throws `upload-incomplete`. */
export function streamBodyOf(request: FastifyRequest): StreamBody {
  const header = request.headers["content-length"];
  const announcedBytes = header === undefined ? undefined : Number(header);
  return { announcedBytes, content: readAll(request, announcedBytes) };
}

async function* readAll(
  request: FastifyRequest,
  announcedBytes: number | undefined,
): AsyncGenerator<Uint8Array> {
  let readBytes = 0;
  const incomplete = (cause?: unknown): ApiError =>
    new ApiError(
      "upload-incomplete",
      `The upload ended after ${readBytes} of ${announcedBytes ?? "unknown"} bytes; nothing was kept. Send it again.`,
      { cause },
    );
  try {
    // The connection must outlive the reading: a refusal half-way still has to be answered on it.
    for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Uint8Array;
      readBytes += bytes.length;
      yield bytes;
    }
  } catch (cause) {
    // What the consumer throws does not come here; only the connection does.
    throw incomplete(cause);
  }
  if (!request.raw.complete || (announcedBytes !== undefined && readBytes !== announcedBytes))
    throw incomplete();
}

/** Lets the sender of a refused upload finish or notice the answer, for a while; then the connection is cut. */
export function lingerAfterReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once("finish", () => {
    if (request.raw.complete) return;
    request.raw.resume();
    const timer = setTimeout(() => request.raw.destroy(), LINGER_MS);
    request.raw.once("close", () => clearTimeout(timer));
  });
}
