import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { StreamReply } from "../../platform/operation-handler.ts";
import { readRanges, type ByteRange } from "./byte-ranges.ts";

const BOUNDARY = "MOULT-PARTS-OF-ONE-FILE";

/**
 * Answers with a file: whole, one range, or several (RFC 9110 section 14.6), which SWUpdate's deltas live on. Beside the
 * entity tag, the precondition that hawkBit knows.
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StreamReply,
): Promise<FastifyReply> {
  const { sizeBytes, contentType, fileName } = file;
  const etag = `"${file.etag ?? ""}"`;
  reply.headers({ "accept-ranges": "bytes", etag, "cache-control": "private" });
  if (fileName !== undefined)
    reply.header("content-disposition", `attachment;filename=${fileName}`);
  const ifMatch = request.headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== "*" && !tagsOf(ifMatch).includes(etag))
    return reply.code(412).send();
  const ifRange = request.headers["if-range"];
  const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const ranges = readRanges(wanted, sizeBytes);
  if (ranges === "unsatisfiable")
    return reply.code(416).header("content-range", `bytes */${sizeBytes}`).send();

  const [first, second] = ranges ?? [{ start: 0, end: sizeBytes }];
  if (ranges !== undefined && second !== undefined) return sendParts(request, reply, file, ranges);
  const { start, end } = first ?? { start: 0, end: sizeBytes };
  reply
    .code(ranges === undefined ? 200 : 206)
    .header("content-type", contentType)
    .header("content-length", end - start);
  if (ranges !== undefined) reply.header("content-range", `bytes ${start}-${end - 1}/${sizeBytes}`);
  if (request.method === "HEAD") return reply.send();
  const bytes = await file.open({ start, end });
  return reply.send(
    bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false }),
  );
}

function sendParts(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StreamReply,
  ranges: readonly ByteRange[],
): FastifyReply {
  const heads = ranges.map(({ start, end }, index) =>
    Buffer.from(
      `${index === 0 ? "" : "\r\n"}--${BOUNDARY}\r\nContent-Type: ${file.contentType}\r\nContent-Range: bytes ${start}-${end - 1}/${file.sizeBytes}\r\n\r\n`,
    ),
  );
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const length = ranges.reduce(
    (sum, { start, end }, index) => sum + (heads[index]?.length ?? 0) + end - start,
    tail.length,
  );
  reply
    .code(206)
    .header("content-type", `multipart/byteranges; boundary=${BOUNDARY}`)
    .header("content-length", length);
  if (request.method === "HEAD") return reply.send();
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (const [index, range] of ranges.entries()) {
      yield heads[index] ?? tail;
      yield* await file.open(range);
    }
    yield tail;
  }
  return reply.send(Readable.from(parts(), { objectMode: false }));
}

const tagsOf = (header: string): readonly string[] => header.split(",").map((tag) => tag.trim());
