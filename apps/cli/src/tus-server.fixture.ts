import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startApiServer, type ApiServer } from "./cli.fixture.ts";

interface KeptUpload {
  bytes: Buffer;
  readonly sizeBytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TusServer extends ApiServer {
  readonly uploads: Map<string, KeptUpload>;
  /** The offset of each part, in the order of arrival. */
  readonly parts: readonly number[];
}

export interface TusServerOptions {
  /** What the whole file becomes. */
  readonly become: (bytes: Buffer) => Readonly<Record<string, unknown>>;
  /** Breaks or answers a part itself; true when it did. `number` counts from 1. */
  readonly disturb?: (
    request: IncomingMessage,
    response: ServerResponse,
    number: number,
  ) => boolean;
  /** To other operations. */
  readonly answers?: Parameters<typeof startApiServer>[0];
}

/** A server that takes uploads in parts and keeps them in memory. */
export async function startTusServer({
  become,
  disturb = () => false,
  answers = {},
}: TusServerOptions): Promise<TusServer> {
  const uploads = new Map<string, KeptUpload>();
  const parts: number[] = [];
  const elsewhere = async (request: IncomingMessage, response: ServerResponse) => {
    const [, id = ""] = /^\/api\/v1\/uploads\/?([^/]*)$/.exec(request.url ?? "") ?? [];
    const kept = uploads.get(id);
    if (request.method === "POST" && id === "") {
      const created = {
        bytes: Buffer.alloc(0),
        sizeBytes: Number(request.headers["upload-length"]),
        metadata: metadataOf(String(request.headers["upload-metadata"])),
      };
      const newId = randomUUID();
      uploads.set(newId, created);
      response.writeHead(201, { location: `/api/v1/uploads/${newId}` }).end();
      return true;
    }
    if (kept === undefined) return false;
    if (request.method === "DELETE") uploads.delete(id);
    if (request.method === "PATCH") {
      parts.push(Number(request.headers["upload-offset"]));
      if (disturb(request, response, parts.length)) return true;
      const chunks = [kept.bytes];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      kept.bytes = Buffer.concat(chunks);
    }
    response
      .writeHead(request.method === "HEAD" ? 200 : 204, { "upload-offset": kept.bytes.length })
      .end();
    return true;
  };
  const show = (id: string, { bytes, sizeBytes, metadata }: KeptUpload): unknown => ({
    id,
    state: bytes.length < sizeBytes ? "uploading" : "finished",
    product: metadata["product"],
    channel: metadata["channel"],
    fileName: metadata["filename"] ?? "",
    sizeBytes,
    receivedBytes: bytes.length,
    verifiedBytes: 0,
    createdAt: "2026-01-05T12:00:00.000Z",
    expiresAt: "2026-01-06T12:00:00.000Z",
    release: null,
    artifact: null,
    created: null,
    problem: null,
    ...(bytes.length < sizeBytes ? {} : become(bytes)),
  });
  const server = await startApiServer(
    {
      ...answers,
      showUpload: ({ params: { uploadId = "" } }) => {
        const kept = uploads.get(uploadId);
        return kept && show(uploadId, kept);
      },
      listUploads: () => ({ items: [...uploads].map(([id, kept]) => show(id, kept)) }),
    },
    elsewhere,
  );
  return { ...server, uploads, parts };
}

const metadataOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").map((pair) => {
      const [name = "", value = ""] = pair.split(" ");
      return [name, Buffer.from(value, "base64").toString()];
    }),
  );
