import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createClient, type Client } from "./create-client.ts";
import {
  answerJson,
  answerProblem,
  bodyOf,
  startHttpServer,
  type Answer,
  type HttpServer,
} from "./http-server.fixture.ts";

const content = randomBytes(300_000);
const artifactId = "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11";
const sha256 = "ab".repeat(32);
const artifact = {
  id: artifactId,
  path: `gw2/prod/1.0/${sha256}.mender`,
  sha256,
  sizeBytes: content.length,
  headSha256: sha256,
  hardwareTypes: ["board"],
  depends: {},
  provides: { artifact_name: "1.0" },
  clearsProvides: [],
  payloads: [],
  scripts: [],
  signature: "unsigned",
  trust: { state: "unsigned", role: "gw2.prod", roleVersion: null },
  createdAt: "2026-11-20T10:00:00.000Z",
};
const uploaded = {
  release: {
    id: artifactId,
    product: "gw2",
    channel: "prod",
    version: "1.0",
    notes: "",
    minimumFrom: null,
    mustPassThrough: false,
    artifacts: [artifact],
    createdAt: "2026-11-20T10:00:00.000Z",
  },
  artifact,
  created: true,
};
const params = { params: { artifactId } };
const toProduct = { params: { product: "gw2" } };

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function clientOf(answer: Answer): Promise<Client> {
  server = await startHttpServer(answer);
  return createClient({ baseUrl: server.url, random: { fraction: () => 0 } });
}

async function* inParts(bytes: Uint8Array, partBytes = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

describe("an upload", () => {
  test("streams with its length announced, tells its progress, and gives the parsed reply", async () => {
    let received: Buffer = Buffer.alloc(0);
    const client = await clientOf(async (request, response) => {
      received = await bodyOf(request);
      answerJson(response, uploaded);
    });
    const progress: number[] = [];

    const reply = await client.upload(
      "uploadArtifact",
      { ...toProduct, query: { channel: "dev" } },
      { bytes: inParts(content), sizeBytes: content.length },
      { onProgress: ({ doneBytes }) => progress.push(doneBytes) },
    );

    expect(reply.created).toBe(true);
    expect(received.equals(content)).toBe(true);
    expect(server?.seen[0]?.url).toBe("/api/v1/products/gw2/artifacts?channel=dev");
    expect(server?.seen[0]?.headers).toMatchObject({
      "content-length": String(content.length),
      "content-type": "application/octet-stream",
    });
    expect(progress).toHaveLength(30);
    expect(progress.at(-1)).toBe(content.length);
  });

  test("takes a Blob, as browsers have it", async () => {
    let received: Buffer = Buffer.alloc(0);
    const client = await clientOf(async (request, response) => {
      received = await bodyOf(request);
      answerJson(response, uploaded);
    });

    await client.upload("uploadArtifact", toProduct, new Blob([content]));

    expect(received.equals(content)).toBe(true);
    expect(server?.seen[0]?.headers["content-length"]).toBe(String(content.length));
  });

  test.each([
    ["shorter", 10],
    ["longer", -10],
  ])("whose content is %s than announced fails by itself", async (_, differenceBytes) => {
    const client = await clientOf(async (request, response) => {
      await bodyOf(request);
      answerJson(response, uploaded);
    });

    const upload = client.upload("uploadArtifact", toProduct, {
      bytes: inParts(content),
      sizeBytes: content.length + differenceBytes,
    });

    await expect(upload).rejects.toMatchObject({ code: "content-length-wrong" });
  });

  test("that the server refuses before it has all of it shows the refusal", async () => {
    const client = await clientOf((request, response) => {
      request.once("data", () => {
        answerProblem(response, 422, "artifact-invalid", { detail: "Not an artifact." });
        request.resume();
      });
    });

    const upload = client.upload("uploadArtifact", toProduct, {
      bytes: inParts(content),
      sizeBytes: content.length,
    });

    await expect(upload).rejects.toMatchObject({
      code: "artifact-invalid",
      detail: "Not an artifact.",
    });
  });

  test("that is refused is no longer sent, and its source is closed", async () => {
    const client = await clientOf((request, response) => {
      request.once("data", () => {
        // Nobody reads the rest.
        request.pause();
        answerProblem(response, 422, "artifact-invalid");
      });
    });
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield content;
      } finally {
        isClosed = true;
      }
    }

    const upload = client.upload("uploadArtifact", toProduct, {
      bytes: endless(),
      sizeBytes: 1e12,
    });

    await expect(upload).rejects.toMatchObject({ code: "artifact-invalid" });
    await expect.poll(() => isClosed).toBe(true);
  });

  test("over a connection that is cut says so, and is not sent again by itself", async () => {
    const client = await clientOf((request) => {
      request.once("data", () => request.socket.destroy());
    });

    const upload = client.upload("uploadArtifact", toProduct, {
      bytes: inParts(content),
      sizeBytes: content.length,
    });

    await expect(upload).rejects.toMatchObject({ code: "server-unreachable" });
    expect(server?.seen).toHaveLength(1);
  });

  test("that stands still is given up", async () => {
    const client = await clientOf(() => undefined);
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 10);
      await new Promise(() => undefined);
    }

    const upload = client.upload(
      "uploadArtifact",
      toProduct,
      { bytes: stuck(), sizeBytes: content.length },
      { stallMs: 50 },
    );

    await expect(upload).rejects.toMatchObject({ code: "timed-out" });
  });

  test("whose source fails shows the source's own error", async () => {
    const client = await clientOf(() => undefined);
    const failure = new Error("EIO: the disk is broken");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 10);
      throw failure;
    }

    const upload = client.upload("uploadArtifact", toProduct, {
      bytes: broken(),
      sizeBytes: content.length,
    });

    await expect(upload).rejects.toBe(failure);
  });
});

/** Serves `content` with ranges, and cuts each answer after `cutAfterBytes`. */
function rangeServer(
  cutAfterBytes = Infinity,
  etagOf: (request: number) => string = () => '"one"',
): Answer {
  return (request, response, number) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = content.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      "content-length": rest.length,
      etag: etagOf(number),
      ...(start === 0
        ? {}
        : { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    if (rest.length <= cutAfterBytes) response.end(rest);
    else response.write(rest.subarray(0, cutAfterBytes), () => response.destroy());
  };
}

describe("a download", () => {
  test("gives the bytes and their number", async () => {
    const client = await clientOf(rangeServer());

    const { sizeBytes, content: parts } = await client.download("downloadArtifact", params);

    expect(sizeBytes).toBe(content.length);
    expect((await joined(parts)).equals(content)).toBe(true);
  });

  test("goes on where the connection broke, as often as it breaks", async () => {
    const client = await clientOf(rangeServer(90_000));
    const progress: number[] = [];

    const { content: parts } = await client.download("downloadArtifact", params, {
      onProgress: ({ doneBytes }) => progress.push(doneBytes),
    });

    expect((await joined(parts)).equals(content)).toBe(true);
    expect(server?.seen.map(({ headers }) => headers.range)).toEqual([
      undefined,
      "bytes=90000-",
      "bytes=180000-",
      "bytes=270000-",
    ]);
    expect(server?.seen[1]?.headers["if-range"]).toBe('"one"');
    expect(progress.at(-1)).toBe(content.length);
  });

  test("begins where the caller's copy ends", async () => {
    const client = await clientOf(rangeServer());

    const { sizeBytes, content: parts } = await client.download("downloadArtifact", params, {
      startBytes: 250_000,
    });

    expect(sizeBytes).toBe(content.length);
    expect((await joined(parts)).equals(content.subarray(250_000))).toBe(true);
  });

  test("leaves out what the caller has when the server answers a range with the whole", async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(200, { "content-length": content.length }).end(content);
    });

    const { content: parts } = await client.download("downloadArtifact", params, {
      startBytes: 123_456,
    });

    expect((await joined(parts)).equals(content.subarray(123_456))).toBe(true);
  });

  test("stops when the content is another after the connection broke", async () => {
    const client = await clientOf(rangeServer(90_000, (number) => `"${number}"`));

    const { content: parts } = await client.download("downloadArtifact", params);

    await expect(joined(parts)).rejects.toMatchObject({ code: "content-changed" });
  });

  test("gives up when the connection breaks again and again without a byte", async () => {
    const whole = rangeServer(90_000);
    const client = await clientOf((request, response, number) => {
      if (number === 1) return whole(request, response, number);
      response.writeHead(206, {
        "content-length": content.length - 90_000,
        "content-range": `bytes 90000-${content.length - 1}/${content.length}`,
        etag: '"one"',
      });
      response.flushHeaders();
      response.destroy();
    });

    const { content: parts } = await client.download("downloadArtifact", params);

    await expect(joined(parts)).rejects.toMatchObject({
      code: expect.stringMatching(/download-incomplete|server-unreachable/) as string,
    });
    expect(server?.seen.length).toBeLessThan(10);
  });

  test("makes a connection that stands still anew", async () => {
    const whole = rangeServer();
    const client = await clientOf((request, response, number) => {
      if (number > 1) return whole(request, response, number);
      response.writeHead(200, { "content-length": content.length, etag: '"one"' });
      response.write(content.subarray(0, 90_000));
    });

    const { content: parts } = await client.download("downloadArtifact", params, { stallMs: 100 });

    expect((await joined(parts)).equals(content)).toBe(true);
  });

  test("is not disturbed by a caller who reads slowly", async () => {
    const client = await clientOf(rangeServer());
    const { content: parts } = await client.download("downloadArtifact", params, { stallMs: 40 });

    let bytes = 0;
    for await (const part of parts) {
      if (bytes === 0)
        await new Promise((resolve) => {
          setTimeout(resolve, 120);
        });
      bytes += part.length;
    }

    expect(bytes).toBe(content.length);
    expect(server?.seen).toHaveLength(1);
  });

  test("that is refused says so before any byte is asked for", async () => {
    const client = await clientOf((_, response) => answerProblem(response, 404, "not-found"));

    await expect(client.download("downloadArtifact", params)).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("ends with the caller's reason", async () => {
    const client = await clientOf(rangeServer());
    const controller = new AbortController();
    const reason = new Error("the person pressed Ctrl-C");
    const { content: parts } = await client.download("downloadArtifact", params, {
      signal: controller.signal,
    });
    const read = async () => {
      for await (const _ of parts) controller.abort(reason);
    };

    await expect(read()).rejects.toBe(reason);
  });
});
