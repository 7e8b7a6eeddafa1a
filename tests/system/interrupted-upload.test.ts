import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProductName, UploadId } from "@moult/model";
import { createClient, createCookieJar, type Client } from "@moult/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";

const product = "gw2" as ProductName;
let folder: string;
let server: LocalServer;
let client: Client;
let apiKey: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-interrupted-"));
  await start();
  const session = createClient({
    baseUrl: server.url,
    credentials: { kind: "cookies", jar: createCookieJar() },
  });
  await session.call("completeSetup", {
    body: {
      setupCode: await server.setupCode(),
      name: "Ada",
      email: "ada@example.org",
      password: "feathers, a few at a time",
    },
  });
  apiKey = (await session.call("createApiKey", { body: { name: "ci", role: "admin" } })).secret;
  client = createClient({ baseUrl: server.url, credentials: { kind: "api-key", apiKey } });
  await client.call("createProduct", { body: { name: product } });
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Again on the same port, so that its address stays. */
async function start(port?: number): Promise<void> {
  server = await startLocalServer({
    dataFolder: join(folder, "data"),
    settings: { MOULT_TLS_MODE: "off" },
    ...(port === undefined ? {} : { port }),
  });
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function tus(
  method: string,
  id: string,
  headers: Record<string, string>,
  body?: Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return fetch(`${server.url}/api/v1/uploads${id === "" ? "" : `/${id}`}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "tus-resumable": "1.0.0", ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

async function begin(sizeBytes: number): Promise<UploadId> {
  const answer = await tus("POST", "", {
    "upload-length": String(sizeBytes),
    "upload-metadata": `product ${base64(product)},filename ${base64("a.mender")}`,
  });
  expect(answer.status).toBe(201);
  return answer.headers.get("location")?.split("/").at(-1) as UploadId;
}

const OFFSET_TYPE = { "content-type": "application/offset+octet-stream" };
const patch = (id: UploadId, offset: number, bytes: Buffer<ArrayBuffer>): Promise<Response> =>
  tus("PATCH", id, { ...OFFSET_TYPE, "upload-offset": String(offset) }, new Uint8Array(bytes));
const offsetOf = async (id: UploadId): Promise<number> =>
  Number((await tus("HEAD", id, {})).headers.get("upload-offset"));
const show = (uploadId: UploadId) => client.call("showUpload", { params: { uploadId } });
const ended = (id: UploadId) =>
  waitFor(
    "the verification to end",
    async () => {
      const upload = await show(id);
      return upload.state === "finished" || upload.state === "refused" ? upload : undefined;
    },
    60_000,
    50,
  );

/** Random content, which nothing makes smaller. */
const artifact = async (megabytes: number): Promise<Buffer<ArrayBuffer>> =>
  Buffer.from(
    await singleFileArtifact({
      artifactName: "1.0",
      destination: "/opt/app",
      content: randomBytes(megabytes * 1_000_000),
      deviceType: "board",
    }),
  );

/** Sends all but the last byte, as fast as the server takes them. */
function sendSlowlyEnding(id: UploadId, offset: number, bytes: Buffer) {
  const { port } = server;
  const sent = httpRequest({
    port,
    host: "127.0.0.1",
    path: `/api/v1/uploads/${id}`,
    method: "PATCH",
    agent: false,
    headers: {
      authorization: `Bearer ${apiKey}`,
      "tus-resumable": "1.0.0",
      ...OFFSET_TYPE,
      "upload-offset": String(offset),
      "content-length": String(bytes.length - offset),
    },
  });
  sent.once("error", () => undefined);
  sent.write(bytes.subarray(offset, -1));
  return sent;
}

test("a server that is killed in the middle of an upload has what it counted, and the upload goes on", async () => {
  const bytes = await artifact(80);
  const id = await begin(bytes.length);
  expect((await patch(id, 0, bytes.subarray(0, 1_000_000))).status).toBe(204);
  const sent = sendSlowlyEnding(id, 1_000_000, bytes);
  const counted = await waitFor(
    "more to be counted while it arrives",
    async () => {
      const { receivedBytes } = await show(id);
      return receivedBytes > 1_000_000 ? receivedBytes : undefined;
    },
    60_000,
    10,
  );
  await server.kill();
  sent.destroy();

  await start(server.port);
  const offset = await offsetOf(id);
  expect(offset).toBeGreaterThanOrEqual(counted);
  expect(offset).toBeLessThan(bytes.length);
  expect((await patch(id, offset, bytes.subarray(offset))).status).toBe(204);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  expect(await ended(id)).toMatchObject({ state: "finished", created: true, artifact: { sha256 } });
});

test("a server that is killed in the middle of a verification begins it again, and makes one artifact", async () => {
  const bytes = await artifact(120);
  const id = await begin(bytes.length);
  await patch(id, 0, bytes);
  await waitFor(
    "the verification to have read something",
    async () => ((await show(id)).verifiedBytes > 0 ? true : undefined),
    60_000,
    1,
  );
  const before = await show(id);
  await server.kill();
  expect(before.state).toBe("verifying");

  await start(server.port);
  expect(await ended(id)).toMatchObject({ state: "finished", created: true });
  const { items } = await client.call("listReleases", { query: { product } });
  expect(items.map(({ artifacts }) => artifacts.length)).toEqual([1]);
  await waitFor(
    "the upload's file to be gone",
    () => (readdirSync(join(folder, "data", "uploads")).length === 0 ? true : undefined),
    5_000,
  );
});
