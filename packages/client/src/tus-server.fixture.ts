import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Problem, Upload } from "@moult/api";
import {
  answerJson,
  answerProblem,
  bodyOf,
  startHttpServer,
  type HttpServer,
} from "./http-server.fixture.ts";

/** Does something else with a request; true when it answered or broke it. */
type Disturb = (
  request: IncomingMessage,
  response: ServerResponse,
  kept: KeptUpload | undefined,
) => boolean | Promise<boolean>;

interface KeptUpload {
  bytes: Buffer;
  readonly sizeBytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Answers of `showUpload` before it is finished. */
  verifying: number;
  problem: Problem | null;
}

export interface TusServer extends HttpServer {
  readonly uploads: Map<string, KeptUpload>;
  /** `METHOD` of each request, `PATCH` with where its bytes went. */
  readonly story: string[];
  disturb: Disturb;
}

/** tus over real HTTP, as the server speaks it, with uploads in memory. */
export async function startTusServer(): Promise<TusServer> {
  const uploads = new Map<string, KeptUpload>();
  const story: string[] = [];
  const server = await startHttpServer(async (request, response) => {
    const [, id = ""] = /^\/api\/v1\/uploads\/([^/]+)/.exec(request.url ?? "") ?? [];
    const kept = uploads.get(id);
    const at = request.headers["upload-offset"];
    story.push(`${request.method}${typeof at === "string" ? ` ${at}` : ""}`);
    if (await tus.disturb(request, response, kept)) return;
    if (request.method === "POST") {
      const created = {
        bytes: Buffer.alloc(0),
        sizeBytes: Number(request.headers["upload-length"]),
        metadata: metadataOf(String(request.headers["upload-metadata"])),
        verifying: 1,
        problem: null,
      };
      const newId = randomUUID();
      uploads.set(newId, created);
      response.writeHead(201, { location: `/api/v1/uploads/${newId}` }).end();
      return;
    }
    if (kept === undefined) answerProblem(response, 404, "not-found");
    else await answerFor(id, kept, request, response);
  });
  const tus: TusServer = { ...server, uploads, story, disturb: () => false };
  return tus;
}

async function answerFor(
  id: string,
  kept: KeptUpload,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = () => ({ "tus-resumable": "1.0.0", "upload-offset": kept.bytes.length });
  const { method } = request;
  if (method === "GET") answerJson(response, shown(id, kept));
  else if (method === "HEAD") response.writeHead(200, headers()).end();
  else if (method === "DELETE") response.writeHead(204).end();
  else if (Number(request.headers["upload-offset"]) !== kept.bytes.length)
    answerProblem(response, 409, "upload-offset-differs");
  else {
    kept.bytes = Buffer.concat([kept.bytes, await bodyOf(request)]);
    response.writeHead(204, headers()).end();
  }
}

function shown(id: string, kept: KeptUpload): Upload {
  const { bytes, sizeBytes, metadata, problem } = kept;
  const isWhole = bytes.length === sizeBytes;
  const isVerifying = isWhole && kept.verifying > 0;
  if (isVerifying) kept.verifying -= 1;
  const state = !isWhole
    ? "uploading"
    : isVerifying
      ? "verifying"
      : problem === null
        ? "finished"
        : "refused";
  return {
    id: id as Upload["id"],
    state,
    product: metadata["product"] as Upload["product"],
    channel: metadata["channel"] as Upload["channel"],
    fileName: metadata["filename"] ?? "",
    sizeBytes,
    receivedBytes: bytes.length,
    verifiedBytes: isVerifying ? 1 : 0,
    createdAt: "2026-01-05T12:00:00.000Z",
    expiresAt: "2026-01-06T12:00:00.000Z",
    release: null,
    artifact: null,
    created: state === "finished" ? true : null,
    problem: state === "refused" ? problem : null,
  };
}

const metadataOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").map((pair) => {
      const [name = "", value = ""] = pair.split(" ");
      return [name, Buffer.from(value, "base64").toString()];
    }),
  );
