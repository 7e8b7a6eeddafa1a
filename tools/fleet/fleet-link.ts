import { createHash } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { Provisioning } from "@moult/device-protocol";

export interface LinkReply {
  readonly status: number;
  readonly body: Uint8Array;
  text(): string;
  /** The JSON body of a 200; anything else throws with what the server said. */
  json(): unknown;
}

const REPLY_BYTES_MAX = 1024 * 1024;

/** One pool of kept-alive connections that all simulated devices share. */
export function createFleetLink(provisioning: Provisioning, connectionsMax: number) {
  const base = new URL(provisioning.server.url);
  const library = base.protocol === "https:" ? https : http;
  const agent = new library.Agent({
    keepAlive: true,
    maxSockets: connectionsMax,
    ...(provisioning.server.certificateAuthority === undefined
      ? {}
      : { ca: provisioning.server.certificateAuthority }),
  });

  function open(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Uint8Array | undefined,
  ): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = library.request(new URL(path, base), { method, headers, agent }, resolve);
      request.once("error", reject);
      request.end(body);
    });
  }

  async function post(
    path: string,
    content: object | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<LinkReply> {
    const body = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const response = await open(
      "POST",
      path,
      { "content-type": "application/json", "content-length": String(body.length), ...headers },
      body,
    );
    return readReply(path, response);
  }

  /** Fetches a blob and checks it, keeping nothing. */
  async function download(sha256: string, sizeBytes: number, token: string): Promise<void> {
    const response = await open(
      "GET",
      `/device/v1/blobs/${sha256}`,
      { authorization: `Bearer ${token}` },
      undefined,
    );
    const hash = createHash("sha256");
    let received = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      hash.update(chunk);
    }
    if (response.statusCode !== 200 || received !== sizeBytes || hash.digest("hex") !== sha256)
      throw new Error(`blob ${sha256} answered ${response.statusCode} with ${received} bytes`);
  }

  return { post, download, close: () => agent.destroy() };
}

export type FleetLink = ReturnType<typeof createFleetLink>;

async function readReply(path: string, response: http.IncomingMessage): Promise<LinkReply> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > REPLY_BYTES_MAX) throw new Error(`${path} answered more than it may`);
    chunks.push(chunk);
  }
  const status = response.statusCode ?? 0;
  const body = Buffer.concat(chunks);
  const text = () => body.toString("utf8");
  return {
    status,
    body,
    text,
    json: () => {
      if (status !== 200) throw new Error(`${path} answered ${status}: ${text()}`);
      return JSON.parse(text()) as unknown;
    },
  };
}
