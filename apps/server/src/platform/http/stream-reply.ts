import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";
import type { StreamReply } from "../operation-handler.ts";

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Answers with bytes: whole, or the range that was asked for (RFC 9110 section 14; of several ranges none, which the RFC
 * allows), or 304 when the caller has them already.
 */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  content: StreamReply,
): Promise<FastifyReply> {
  const { sizeBytes, contentType, fileName } = content;
  const etag = content.etag === undefined ? undefined : `"${content.etag}"`;
  reply.header("accept-ranges", "bytes");
  if (etag !== undefined) reply.header("etag", etag);
  if (etag !== undefined && hasTag(request.headers["if-none-match"], etag))
    return reply.code(304).send();

  const ifRange = request.headers["if-range"];
  const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const range = rangeOf(wanted, sizeBytes);
  if (range === "unsatisfiable") {
    reply.header("content-range", `bytes */${sizeBytes}`);
    throw new ApiError(
      "range-not-satisfiable",
      `The content has ${sizeBytes} bytes; ask for a range inside it.`,
    );
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  reply
    .code(range === undefined ? 200 : 206)
    .header("content-type", contentType)
    .header("content-length", end - start);
  if (range !== undefined) reply.header("content-range", `bytes ${start}-${end - 1}/${sizeBytes}`);
  if (fileName !== undefined) reply.header("content-disposition", attachment(fileName));
  if (request.method === "HEAD") return reply.send();

  const bytes = await content.open({ start, end });
  return reply.send(
    bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false }),
  );
}

const hasTag = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(",").some((tag) => ["*", etag, `W/${etag}`].includes(tag.trim()));

/** Undefined: the whole content, because no range or none that is understood was asked for. */
function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header?.trim() ?? "");
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  if (first === undefined) {
    const length = Math.min(Number(suffix), sizeBytes);
    return length === 0 ? "unsatisfiable" : { start: sizeBytes - length, end: sizeBytes };
  }
  const start = Number(first);
  const end = last === undefined || last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  // "bytes=5-3" is not a valid range, and what is not valid is ignored.
  if (last !== undefined && last !== "" && Number(last) < start) return undefined;
  return start >= sizeBytes ? "unsatisfiable" : { start, end };
}

/** RFC 6266: a plain name for every client, and the exact one in UTF-8. */
function attachment(fileName: string): string {
  const plain = fileName
    .replaceAll(/[^A-Za-z0-9._+-]/g, "_")
    .replace(/^\.+/, "_")
    .slice(-150);
  const exact = encodeURIComponent(fileName.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return plain === fileName
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
