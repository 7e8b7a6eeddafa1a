import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createClient, type Client } from "./create-client.ts";
import {
  answerProblem,
  startHttpServer,
  type Answer,
  type HttpServer,
} from "./http-server.fixture.ts";

const deviceId = "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11";
const event = (sequence: number, body: unknown = { kind: "device-inventory-changed" }) => ({
  sequence,
  at: "2026-11-20T10:00:00.000Z",
  deviceId,
  deviceName: "gw-17",
  deploymentId: null,
  deploymentName: null,
  assignmentId: null,
  sentence: "gw-17 reported a new inventory.",
  body,
});
const block = (sequence: number, body?: unknown) =>
  `id: ${sequence}\ndata: ${JSON.stringify(event(sequence, body))}\n\n`;

const begin = (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "text/event-stream" });

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function clientOf(answer: Answer): Promise<Client> {
  server = await startHttpServer(answer);
  return createClient({ baseUrl: server.url, random: { fraction: () => 0 } });
}

/** The sequences of the first `count` events. */
async function sequences(
  client: Client,
  count: number,
  options: Parameters<Client["events"]>[2] = {},
): Promise<number[]> {
  const seen: number[] = [];
  for await (const { sequence } of client.events("watchEvents", {}, options)) {
    seen.push(sequence);
    if (seen.length === count) break;
  }
  return seen;
}

test("events arrive parsed, however the network cuts them", async () => {
  const client = await clientOf(async (_, response) => {
    begin(response);
    for (const character of `: hello\n\n${block(1)}${block(2)}`) {
      response.write(character);
      await new Promise(setImmediate);
    }
  });

  expect(await sequences(client, 2)).toEqual([1, 2]);
});

test("a broken stream is resumed after the last event that was seen", async () => {
  const connected: number[] = [];
  const client = await clientOf((_, response, number) => {
    begin(response);
    if (number === 1)
      response.write(`retry: 1\n\n${block(1)}${block(2)}`, () => response.destroy());
    else response.write(block(3));
  });

  const seen = await sequences(client, 3, { onConnected: () => connected.push(1) });

  expect(seen).toEqual([1, 2, 3]);
  expect(server?.seen.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "2"]);
  expect(connected).toHaveLength(2);
});

test("a stream that ends in order is opened again, from the id that the server last named", async () => {
  const client = await clientOf((_, response, number) => {
    begin(response);
    if (number === 1) response.end("retry: 1\nid: 41\n\n");
    else response.write(block(42));
  });

  expect(await sequences(client, 1)).toEqual([42]);
  expect(server?.seen[1]?.headers["last-event-id"]).toBe("41");
});

test("a stream in which nothing moves is opened again", async () => {
  const client = await clientOf((_, response, number) => {
    begin(response);
    response.write(number === 1 ? "retry: 1\n\n" : block(7));
  });

  expect(await sequences(client, 1, { silenceMs: 100 })).toEqual([7]);
});

test("a server that is away for a while is waited for, and each loss is told", async () => {
  const lost: unknown[] = [];
  const client = await clientOf((_, response, number) => {
    if (number === 1) begin(response).end("retry: 1\n\n");
    else if (number === 2) answerProblem(response, 503, "unavailable");
    else begin(response).write(block(1));
  });

  const seen = await sequences(client, 1, { onDisconnected: (cause) => lost.push(cause) });

  expect(seen).toEqual([1]);
  expect(lost).toMatchObject([undefined, { code: "unavailable" }]);
});

test("an event that this version does not know is left out", async () => {
  const client = await clientOf((_, response) => {
    begin(response).write(
      `${block(1, { kind: "device-sang" })}id: 2\ndata: not JSON\n\n${block(3)}`,
    );
  });

  expect(await sequences(client, 1)).toEqual([3]);
});

test("a refusal ends the stream instead of being tried for ever", async () => {
  const client = await clientOf((_, response) => answerProblem(response, 401, "unauthenticated"));

  await expect(sequences(client, 1)).rejects.toMatchObject({ code: "unauthenticated" });
  expect(server?.seen).toHaveLength(1);
});

test("an abort ends the stream with the caller's reason, also between two tries", async () => {
  const controller = new AbortController();
  const reason = new Error("the person pressed Ctrl-C");
  const client = await clientOf((_, response) => {
    begin(response).end();
  });

  const watching = sequences(client, 1, {
    signal: controller.signal,
    onDisconnected: () => controller.abort(reason),
  });

  await expect(watching).rejects.toBe(reason);
});
