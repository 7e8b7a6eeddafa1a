import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { DeviceId, FleetEvent } from "@moult/model";
import { describe, expect, test } from "vitest";
import { ApiError } from "../api-error.ts";
import { startTestServer } from "./test-server.fixture.ts";

const content = Buffer.from("0123456789");
const etag = createHash("sha256").update(content).digest("hex");
const artifactPath = "/artifacts/0190a6d0-0000-7000-8000-000000000001/content";

const downloads = (fileName = "gateway-2.0.mender") =>
  startTestServer({
    downloadArtifact: async () => ({
      contentType: "application/octet-stream",
      sizeBytes: content.length,
      etag,
      fileName,
      open: async ({ start, end }) => chunks(content.subarray(start, end)),
    }),
  });

async function* chunks(bytes: Buffer): AsyncIterable<Uint8Array> {
  for (let index = 0; index < bytes.length; index += 4) yield bytes.subarray(index, index + 4);
}

describe("a download", () => {
  test("is whole, named, tagged, and says that it takes ranges", async () => {
    const server = await downloads('Straße/2 ".mender');
    const response = await server.fetch(artifactPath);

    expect(await response.text()).toBe("0123456789");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-length": "10",
      "accept-ranges": "bytes",
      etag: `"${etag}"`,
      "content-disposition":
        "attachment; filename=\"Stra_e_2__.mender\"; filename*=UTF-8''Stra%C3%9Fe%2F2%20%22.mender",
    });
  });

  test.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=8-99", 206, "89", "bytes 8-9/10"],
    ["bytes=4-2", 200, "0123456789", null],
    ["bytes=0-1,3-4", 200, "0123456789", null],
    ["lines=1-2", 200, "0123456789", null],
  ])("of %s answers %i", async (range, status, text, contentRange) => {
    const server = await downloads();
    const response = await server.fetch(artifactPath, {
      headers: { authorization: "Bearer admin", range },
    });

    expect([response.status, await response.text(), response.headers.get("content-range")]).toEqual(
      [status, text, contentRange],
    );
  });

  test.each(["bytes=10-", "bytes=99-100", "bytes=-0"])("of %s lies outside", async (range) => {
    const server = await downloads();
    const response = await server.fetch(artifactPath, {
      headers: { authorization: "Bearer admin", range },
    });

    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */10"]);
    expect(await response.json()).toMatchObject({ code: "range-not-satisfiable" });
  });

  test("that the caller has already is not sent again, and a changed one is sent whole", async () => {
    const server = await downloads();
    const asked = (headers: Record<string, string>) =>
      server.fetch(artifactPath, { headers: { authorization: "Bearer admin", ...headers } });

    expect((await asked({ "if-none-match": `"x", "${etag}"` })).status).toBe(304);
    expect((await asked({ range: "bytes=2-4", "if-range": `"${etag}"` })).status).toBe(206);
    expect((await asked({ range: "bytes=2-4", "if-range": '"old"' })).status).toBe(200);
    const head = await server.fetch(artifactPath, {
      method: "HEAD",
      headers: { authorization: "Bearer admin" },
    });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      "10",
      "",
    ]);
  });

  test("that breaks half-way is cut, so that nobody takes it for whole", async () => {
    const server = await startTestServer({
      downloadArtifact: async () => ({
        contentType: "application/octet-stream",
        sizeBytes: 1_000_000,
        open: async () =>
          (async function* () {
            yield content;
            throw new Error("the disk died");
          })(),
      }),
    });
    const response = await server.fetch(artifactPath);

    await expect(response.arrayBuffer()).rejects.toThrow();
  });
});

const upload = "/products/gateway/artifacts";

async function lengthOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.length;
  return length;
}

describe("an upload", () => {
  test("reaches its handler as it arrives, with its announced length", async () => {
    const seen: unknown[] = [];
    const server = await startTestServer({
      uploadArtifact: async (_context, { body, query }) => {
        seen.push(body.announcedBytes, await lengthOf(body.content), query.channel);
        throw new ApiError("artifact-invalid", "read to its end");
      },
    });
    const response = await server.fetch(upload, {
      method: "POST",
      headers: { authorization: "Bearer publisher", "content-type": "application/octet-stream" },
      body: Buffer.alloc(3_000_000),
    });

    expect([response.status, seen]).toEqual([422, [3_000_000, 3_000_000, "prod"]]);
  });

  test("that is cut on the way is known as incomplete", async () => {
    const ended = Promise.withResolvers<unknown>();
    const server = await startTestServer({
      uploadArtifact: async (_context, { body }) => {
        await lengthOf(body.content).then(ended.resolve, ended.resolve);
        throw new ApiError("artifact-invalid", "cut");
      },
    });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      `POST /api/v1${upload} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer admin\r\ncontent-length: 1000\r\n\r\n0123456789`,
    );
    setTimeout(() => socket.destroy(), 50);

    expect(await ended.promise).toMatchObject({
      code: "upload-incomplete",
      detail: expect.stringContaining("10 of 1000 bytes"),
    });
  });

  test("that is refused at its beginning still gets its answer", async () => {
    const server = await startTestServer({
      uploadArtifact: async (_context, { body }) => {
        for await (const _chunk of body.content) break;
        throw new ApiError("artifact-invalid", "no artifact begins like this");
      },
    });
    const response = await server.fetch(upload, {
      method: "POST",
      headers: { authorization: "Bearer publisher" },
      body: Buffer.alloc(8_000_000),
    });

    expect([response.status, await response.json()]).toMatchObject([
      422,
      { detail: "no artifact begins like this" },
    ]);
  });

  test("of a stranger is not read", async () => {
    const server = await startTestServer({});
    const response = await server.fetch(upload, {
      method: "POST",
      headers: { authorization: "Bearer viewer" },
      body: Buffer.alloc(8_000_000),
    });

    expect(response.status).toBe(403);
  });
});

const event = (sequence: number): FleetEvent => ({
  sequence,
  at: "2026-01-05T12:00:00.000Z",
  deviceId: "0190a6d0-0000-7000-8000-000000000001" as DeviceId,
  deviceName: "gw-17",
  deploymentId: null,
  deploymentName: null,
  assignmentId: null,
  sentence: "gw-17 reported a new inventory.",
  body: { kind: "device-inventory-changed" },
});

async function readUntil(response: Response, wanted: string): Promise<string> {
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes(wanted)) break;
  }
  return text;
}

describe("live events", () => {
  /** Gives events after `after` up to 3, then waits until the caller goes away. */
  const live = () => {
    const ended = Promise.withResolvers<void>();
    const server = startTestServer({
      watchEvents: async ({ signal }, { query }) =>
        (async function* () {
          try {
            for (let next = (query.after ?? 0) + 1; next <= 3; next += 1) yield event(next);
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          } finally {
            ended.resolve();
          }
        })(),
    });
    return { server, ended: ended.promise };
  };

  test("carry their sequence, and comments while nothing happens", async () => {
    const server = await live().server;
    const response = await server.fetch("/events");
    const text = await readUntil(response, ": \n\n");

    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(text.match(/^id: \d+$/gm)).toEqual(["id: 1", "id: 2", "id: 3"]);
    expect(text).toContain(`data: ${JSON.stringify(event(2))}\n\n`);
  });

  test("go on after the last one that the caller saw", async () => {
    const server = await live().server;
    const response = await server.fetch("/events?after=1", {
      headers: { authorization: "Bearer viewer", "last-event-id": "2" },
    });

    expect((await readUntil(response, ": \n\n")).match(/^id: \d+$/gm)).toEqual(["id: 3"]);
  });

  test("end for a caller whose key is revoked", async () => {
    const { server: starting, ended } = live();
    const server = await starting;
    const response = await server.fetch("/events", { headers: { authorization: "Bearer viewer" } });
    const rest = response.text();
    server.revoke("viewer");

    expect(await rest).toContain("id: 3");
    await server.close();
    await ended;
  });

  test("of one person leave room for those of others", async () => {
    const server = await live().server;
    const listen = async (key: string): Promise<Response> => {
      const headers = { authorization: `Bearer ${key}` };
      return server.fetch("/events", { headers, signal: leave.signal });
    };
    const leave = new AbortController();
    const greedy = await Promise.all(Array.from({ length: 101 }, () => listen("viewer")));

    expect(greedy.filter(({ status }) => status === 503)).toHaveLength(1);
    expect((await listen("operator")).status).toBe(200);
    leave.abort();
    await expect
      .poll(async () => {
        const again = await server.fetch("/events", {
          headers: { authorization: "Bearer viewer" },
        });
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });

  test("stop being made when the caller goes away", async () => {
    const { server: starting, ended } = live();
    const server = await starting;
    const abort = new AbortController();
    const response = await server.fetch("/events", {
      headers: { authorization: "Bearer viewer" },
      signal: abort.signal,
    });
    await readUntil(response, "id: 1").catch(() => undefined);
    abort.abort();

    await ended;
  });
});

test("a request that is under way is answered before the server closes", async () => {
  const begun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const server = await startTestServer({
    listGroups: async () => {
      begun.resolve();
      await mayEnd.promise;
      return { items: [] };
    },
  });
  const response = server.fetch("/groups");
  await begun.promise;
  const closed = server.close();
  mayEnd.resolve();

  expect((await response).status).toBe(200);
  await closed;
});
