import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProductName, UploadId } from "@moult/model";
import { createClient, createCookieJar, type Client } from "@moult/client";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startLocalProcess, waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { CLI_BUNDLE, createMoultCommand, words } from "../../tools/local/moult-command.ts";
import { startCuttingProxy } from "./cutting-proxy.fixture.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";

const product = "gw2" as ProductName;
let folder: string;
let server: LocalServer;
let client: Client;
let apiKey: string;

beforeAll(() => {});
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
      compression: "none",
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
  const bytes = await artifact(60);
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

test("a command line that is killed in the middle goes on where it was when it is run again", async () => {
  const bytes = await artifact(20);
  writeFileSync(join(folder, "1.0.mender"), bytes);
  const proxy = await startCuttingProxy(server.port);
  const environment = { MOULT_SERVER: server.url, MOULT_API_KEY: apiKey };
  const moult = createMoultCommand({ home: folder, cwd: folder, environment });
  const upload = words`release upload --product gw2 1.0.mender`;
  try {
    proxy.holdAfter(9_000_000);
    const killed = await startLocalProcess(process.execPath, [CLI_BUNDLE, ...upload], {
      logFile: join(folder, "killed.log"),
      cwd: folder,
      environment: {
        ...environment,
        MOULT_SERVER: `http://localhost:${proxy.port}`,
        HOME: folder,
        XDG_STATE_HOME: join(folder, ".local", "state"),
      },
    });
    await proxy.holding();
    await killed.kill();
  } finally {
    await proxy.close();
  }
  const [begun] = (await client.call("listUploads")).items;
  expect(begun?.state).toBe("uploading");
  // The address is part of what an upload is recognised by, and the proxy was another one.
  const memories = join(folder, ".local", "state", "moult", "uploads");
  expect(readdirSync(memories)).toHaveLength(1);
  const again = await startCuttingProxy(server.port, proxy.port);
  try {
    const second = await createMoultCommand({
      home: folder,
      cwd: folder,
      environment: { ...environment, MOULT_SERVER: `http://localhost:${proxy.port}` },
    }).run(upload);
    expect(second.stderr).toMatch(/^Continuing 1\.0\.mender at [1-9]\S* MB of 20\.\d MB\.$/m);
    expect(second.stdout).toContain("is in release gw2/prod/1.0 now");
    expect(second.exitCode).toBe(0);
  } finally {
    await again.close();
  }
  expect(readdirSync(memories)).toEqual([]);
  const { items } = await client.call("listUploads");
  expect(items.map(({ id, state }) => [id, state])).toEqual([[begun?.id, "finished"]]);
  expect(await moult.run(upload)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("was in release gw2/prod/1.0 already"),
  });
});

test("a server that is killed in the middle of a verification begins it again, and makes one artifact", async () => {
  const bytes = await artifact(100);
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
