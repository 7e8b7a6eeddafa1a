import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { SECOND_MS } from "@moult/base";
import { resolvedAddress } from "./public-address.ts";

/** A receiver, with its secret; nobody is shown this. */
export interface Webhook {
  /** Names it in tables and logs: of its address, not the address itself, which may be a secret too. */
  readonly id: string;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly allowPrivate: boolean;
  readonly kinds: readonly string[];
}

/** What is sent; the same id each time it is tried again. */
interface Message {
  readonly id: string;
  readonly body: string;
}

/** From the question for its address to its answer. */
const TIMEOUT_MS = 10 * SECOND_MS;

/**
 * Sends one message by Standard Webhooks 1.0 and answers what went wrong, or undefined when it was received. Whatever is no
 * 2xx is a failure, a redirect too: it could lead anywhere. What the receiver says is not read.
 */
export async function sendWebhook(
  { url, secret, allowPrivate }: Webhook,
  { id, body }: Message,
  nowMs: number,
  stop: AbortSignal,
): Promise<string | undefined> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const target = new URL(url);
    const resolved = await resolvedAddress(target.hostname, allowPrivate);
    if (resolved === undefined) return "its address is an internal one";
    const timestamp = String(Math.floor(nowMs / SECOND_MS));
    const signature = createHmac("sha256", secret)
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");
    const status = await post(target, body, {
      signal,
      lookup: (_hostname, options, done) =>
        options.all === true
          ? done(null, [resolved])
          : done(null, resolved.address, resolved.family),
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": "moult-webhooks",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature}`,
      },
    });
    return status >= 200 && status < 300 ? undefined : `it answered ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface PostOptions {
  readonly signal: AbortSignal;
  readonly lookup: LookupFunction;
  readonly headers: Record<string, string | number>;
}

/** The status alone: the connection ends when it has come. */
function post(target: URL, body: string, options: PostOptions): Promise<number> {
  const request = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(target, { ...options, method: "POST", agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
