import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request to another server, as an import made it. */
interface PeerAsked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
}

/** JSON, or what the answer writes itself; undefined: 404. */
export type PeerAnswer = (asked: PeerAsked, response: ServerResponse) => unknown;
export const WRITTEN = Symbol("written");

export interface PeerServer {
  readonly url: string;
  readonly asked: readonly PeerAsked[];
  /** Answers as those servers do, by path; the longest pattern that fits counts. */
  answers: Record<string, PeerAnswer>;
  close(): Promise<void>;
}

/** A server of another kind, with the answers that the test gives it: patterns of paths, with `*` for one part. */
export async function startPeer(answers: Record<string, PeerAnswer>): Promise<PeerServer> {
  const asked: PeerAsked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "", "http://peer");
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const one: PeerAsked = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        body: text === "" ? undefined : (JSON.parse(text) as unknown),
        headers: request.headers,
      };
      asked.push(one);
      const pattern = Object.keys(peer.answers)
        .filter((each) => fits(each, url.pathname))
        .toSorted(
          (left, right) => right.replaceAll("*", "").length - left.replaceAll("*", "").length,
        )[0];
      const reply = pattern === undefined ? undefined : peer.answers[pattern]?.(one, response);
      if (reply === WRITTEN) return;
      if (reply === undefined) response.writeHead(404).end();
      else
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const peer: PeerServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return peer;
}

const fits = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?]/g, "\\$&").replaceAll("*", "[^/]+")}$`).test(path);

/**
 * Serves bytes as stores do, parts of them too. `cutAfterBytes` ends the connection early, once; with more than a stream holds,
 * something came before.
 */
export function serveFile(bytes: Buffer, cutAfterBytes?: number): PeerAnswer {
  let isCut = cutAfterBytes === undefined;
  return ({ headers }, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": bytes.length - start,
      ...(start > 0
        ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
        : {}),
    });
    if (isCut) response.end(bytes.subarray(start));
    else {
      isCut = true;
      response.write(bytes.subarray(start, cutAfterBytes), () => response.socket?.end());
    }
    return WRITTEN;
  };
}

/** A page of Mender's, counted from 1. */
export const menderPage =
  (items: readonly unknown[]): PeerAnswer =>
  ({ query }) => {
    const size = Number(query["per_page"]);
    return items.slice((Number(query["page"]) - 1) * size, Number(query["page"]) * size);
  };

/** A page of hawkBit's, counted from its first item. */
export const hawkbitPage =
  (items: readonly unknown[]): PeerAnswer =>
  ({ query }) => {
    const offset = Number(query["offset"]);
    const content = items.slice(offset, offset + Number(query["limit"]));
    return { content, total: items.length, size: content.length };
  };
