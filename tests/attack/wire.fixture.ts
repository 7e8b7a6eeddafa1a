import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";

/** An answer of the honest server on its way to the device. */
export interface Carried {
  readonly method: string;
  readonly path: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a device gets in place of an answer; `hang` is no answer at all. */
export type Delivered = Pick<Carried, "status" | "body"> & {
  readonly headers?: http.IncomingHttpHeaders;
  /** A piece of the body with each pause, for ever when it is at its end and `isEndless`. */
  readonly drip?: {
    readonly bytes: number;
    readonly pauseMs: number;
    readonly isEndless?: boolean;
  };
};

/** The server's own way to say that it has no such file. */
export const NOT_FOUND: Delivered = {
  status: 404,
  headers: { "content-type": "application/problem+json" },
  body: Buffer.from(
    JSON.stringify({ type: "about:blank", title: "not-found", status: 404, code: "not-found" }),
  ),
};

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Somebody between a device and its server who holds no key: drops, delays, repeats, alters. */
export type Tamper = (answer: Carried) => Delivered | "hang" | "cut" | Promise<Delivered>;

/**
 * The network between a device and its server, in plain HTTP, where whoever is in between reads and writes at will. By
 * default it carries everything as it is, so a device cannot tell it from none.
 */
export class Wire {
  tamper: Tamper = (answer) => answer;
  /** Every answer as the server gave it: what somebody who listens can repeat later. */
  readonly heard: Carried[] = [];
  /** The same, where it speaks TLS. */
  readonly #tls: https.Server | undefined;
  readonly #server: http.Server;
  readonly #serverPort: number;

  /** With a certificate it speaks TLS to the device; to the server it always speaks as if it were on its machine. */
  constructor(serverPort: number, certificate?: Certificate) {
    this.#serverPort = serverPort;
    const carry = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#carry(request, response).catch(() => response.destroy());
    };
    this.#tls = certificate === undefined ? undefined : https.createServer(certificate, carry);
    this.#server = this.#tls ?? http.createServer(carry);
  }

  /** Shows another certificate to whoever connects from now on, and ends the connections there are. */
  show(certificate: Certificate): void {
    this.#tls?.setSecureContext(certificate);
    this.#server.closeAllConnections();
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #carry(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const requestBody = await wholeOf(request);
    const answer = await this.#ask(request, requestBody);
    this.heard.push(answer);
    const delivered = await this.tamper(answer);
    if (delivered === "hang") return;
    if (delivered === "cut") {
      response.destroy();
      return;
    }
    const headers = { ...(delivered.headers ?? answer.headers) };
    // How the body is cut into pieces is each connection's own business.
    for (const name of ["content-length", "transfer-encoding", "connection"]) delete headers[name];
    if (delivered.drip !== undefined) {
      response.writeHead(delivered.status, headers);
      await dripInto(response, delivered.body, delivered.drip);
      return;
    }
    const length = { "content-length": String(delivered.body.length) };
    response.writeHead(
      delivered.status,
      delivered.status === 204 ? headers : { ...headers, ...length },
    );
    response.end(delivered.body);
  }

  async #ask(request: http.IncomingMessage, requestBody: Buffer): Promise<Carried> {
    const { method = "GET", url: path = "/", headers } = request;
    const outgoing = http.request({
      host: "127.0.0.1",
      port: this.#serverPort,
      method,
      path,
      headers,
      agent: false,
    });
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.once("error", reject);
    });
    outgoing.end(requestBody);
    const response = await answer;
    return {
      method,
      path,
      requestBody,
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await wholeOf(response),
    };
  }
}

async function wholeOf(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function dripInto(
  response: http.ServerResponse,
  body: Buffer,
  { bytes, pauseMs, isEndless = false }: NonNullable<Delivered["drip"]>,
): Promise<void> {
  const ended = new Promise<void>((resolve) => response.once("close", resolve));
  let sent = 0;
  const timer = setInterval(() => {
    const piece =
      isEndless && sent >= body.length
        ? Buffer.alloc(bytes, " ")
        : body.subarray(sent, sent + bytes);
    sent += bytes;
    response.write(piece);
    if (!isEndless && sent >= body.length) response.end();
  }, pauseMs);
  await ended;
  clearInterval(timer);
}
