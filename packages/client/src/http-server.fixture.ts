import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

export interface HttpServer {
  readonly url: string;
  /** Every request in the order of arrival. */
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Answers request number `number`, counted from 1. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  number: number,
) => void | Promise<void>;

/** A real HTTP server on a port of its own. */
export async function startHttpServer(answer: Answer): Promise<HttpServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    seen.push({ method, url, headers });
    // A test that breaks a connection breaks the answer too.
    response.on("error", () => undefined);
    request.on("error", () => undefined);
    void Promise.resolve(answer(request, response, seen.length)).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : new Error("the fixture failed")),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

export function answerProblem(
  response: ServerResponse,
  status: number,
  code: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  response.writeHead(status, { "content-type": "application/problem+json" }).end(
    JSON.stringify({
      type: "about:blank",
      title: "Refused",
      status,
      code,
      requestId: "request-1",
      ...more,
    }),
  );
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
