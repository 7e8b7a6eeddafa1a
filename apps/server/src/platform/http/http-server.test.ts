import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant, type Blobs } from "@moult/base";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiError } from "../api-error.ts";
import { openFolderBlobs } from "../blobs.ts";
import { openTestDatabase, silentLog, type TestDatabase } from "../test-database.fixture.ts";
import { openTls } from "../tls/open-tls.ts";
import { healthRoutes } from "./health-routes.ts";
import { closeHttpServer, createHttpServer } from "./http-server.ts";

let folder: string;
let app: FastifyInstance | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-http-"));
});
afterEach(async () => {
  if (app !== undefined) await closeHttpServer(app, 100);
  app = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function listen(
  options: Partial<Parameters<typeof createHttpServer>[0]>,
  mount: (server: FastifyInstance) => void,
): Promise<number> {
  app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog, ...options });
  mount(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** What the server takes a request for. */
const whoAsks = (server: FastifyInstance): void => {
  server.get("/who", (request) => ({
    ip: request.ip,
    protocol: request.protocol,
    host: request.host,
  }));
};

test("over TLS it tells browsers to stay with TLS, and speaks nothing older than 1.2", async () => {
  const tls = await openTls(
    { mode: "local", folder, names: ["localhost", "127.0.0.1"] },
    { now: () => instant(Date.now()) },
    silentLog,
  );
  const port = await listen({ tls }, whoAsks);
  const ca = tls?.certificateAuthority ?? "";

  const headers = await new Promise((resolve, reject) => {
    get(`https://localhost:${port}/who`, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.headers);
    }).once("error", reject);
  });
  expect(headers).toMatchObject({ "strict-transport-security": "max-age=31536000" });
  const old = new Promise((resolve, reject) => {
    get(
      `https://localhost:${port}/who`,
      {
        ca,
        agent: false,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      },
      resolve,
    ).once("error", reject);
  });
  await expect(old).rejects.toThrow();
});

test("forwarded headers are believed of trusted proxies alone", async () => {
  const forwarded = {
    headers: {
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "moult.example.org",
    },
  };
  const port = await listen({}, whoAsks);
  const stranger = await fetch(`http://127.0.0.1:${port}/who`, forwarded);
  expect(await stranger.json()).toEqual({
    ip: "127.0.0.1",
    protocol: "http",
    host: `127.0.0.1:${port}`,
  });
  expect(stranger.headers.get("strict-transport-security")).toBeNull();
  if (app !== undefined) await closeHttpServer(app, 100);

  const behind = await listen({ trustedProxies: ["127.0.0.1"] }, whoAsks);
  const proxied = await fetch(`http://127.0.0.1:${behind}/who`, forwarded);
  expect(await proxied.json()).toEqual({
    ip: "203.0.113.7",
    protocol: "https",
    host: "moult.example.org",
  });
  expect(proxied.headers.get("strict-transport-security")).not.toBeNull();
});

test("a protocol's own refusals, and those of the framework, are problems too", async () => {
  const port = await listen({}, (server) => {
    server.post("/device", () => {
      throw new ApiError("session-expired", "Start a new session.");
    });
  });
  const problemOf = async (path: string, init: RequestInit) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, init)).json();
  const json = { "content-type": "application/json" };

  expect(await problemOf("/device", { method: "POST", headers: json, body: "{}" })).toMatchObject({
    code: "session-expired",
    status: 401,
  });
  expect(
    await problemOf("/device", { method: "POST", headers: json, body: '{"__proto__": {}}' }),
  ).toMatchObject({ code: "malformed-json", status: 400 });
  expect(await problemOf("/%", {})).toMatchObject({ code: "invalid-request", status: 400 });
  expect(await problemOf("/nowhere", {})).toMatchObject({ code: "not-found", status: 404 });
});

test("a request that is no HTTP gets an answer and harms nobody else", async () => {
  const port = await listen({}, whoAsks);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("nonsense\r\n\r\n"));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.once("close", () => resolve(text));
    socket.once("error", reject);
  });

  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  expect((await fetch(`http://127.0.0.1:${port}/who`)).status).toBe(200);
});

test("a request that never ends is cut at the deadline of a shutdown", async () => {
  const begun = Promise.withResolvers<void>();
  const port = await listen({}, (server) => {
    server.get("/endless", () => {
      begun.resolve();
      return new Promise(() => undefined);
    });
  });
  const endless = fetch(`http://127.0.0.1:${port}/endless`);
  await begun.promise;
  if (app !== undefined) await closeHttpServer(app, 50);
  app = undefined;

  await expect(endless).rejects.toThrow();
});

test("it is ready when its database, its blobs and its signer are, and says which is not", async () => {
  const store: TestDatabase = await openTestDatabase("sqlite");
  const blobs: Blobs = await openFolderBlobs(join(folder, "blobs"));
  let isSignerUp = true;
  const signer = {
    publicKeys: async () => {
      if (!isSignerUp) throw new ApiError("signer-unavailable", "gone");
      return ["key"];
    },
  };
  let nowMs = 0;
  const deps = { database: store.database, blobs, signer, log: silentLog };
  const mount = (server: FastifyInstance): void =>
    healthRoutes(server, { ...deps, monotonicMs: () => nowMs });
  const port = await listen({}, mount);
  const asked = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.json()];
  };

  expect(await asked("/healthz")).toEqual([200, { status: "ok" }]);
  expect(await asked("/readyz")).toEqual([
    200,
    { status: "ok", checks: { database: "ok", blobs: "ok", signer: "ok" } },
  ]);

  isSignerUp = false;
  nowMs += 1_000;
  expect((await asked("/readyz"))[0], "an answer is kept for a second").toBe(200);
  nowMs += 1;
  expect(await asked("/readyz")).toEqual([
    503,
    { status: "not-ready", checks: { database: "ok", blobs: "ok", signer: "failed" } },
  ]);
  expect((await asked("/healthz"))[0]).toBe(200);
  await store.drop();
});
