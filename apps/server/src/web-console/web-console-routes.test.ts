import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeHttpServer, createHttpServer } from "../platform/http/http-server.ts";
import { silentLog } from "../platform/test-database.fixture.ts";
import { webConsoleRoutes } from "./web-console-routes.ts";

const PAGE = "<!doctype html><title>Moult</title>";
const SCRIPT = "export const answer = 42;";
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

let folder: string;
let app: FastifyInstance;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-console-"));
  app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
  await webConsoleRoutes(app, { webRoot: join(folder, "web") });
  app.get("/api/v1/me", () => ({ name: "Ada" }));
  await app.listen({ host: "127.0.0.1", port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(async () => {
  await closeHttpServer(app, 100);
  rmSync(folder, { recursive: true, force: true });
});

function build(): void {
  mkdirSync(join(folder, "web", "assets"), { recursive: true });
  const write = (name: string, content: string): void => {
    writeFileSync(join(folder, "web", name), content);
    writeFileSync(join(folder, "web", `${name}.br`), brotliCompressSync(content));
    writeFileSync(join(folder, "web", `${name}.gz`), gzipSync(content));
  };
  write("index.html", PAGE);
  write("assets/index-Abc123.js", SCRIPT);
  writeFileSync(join(folder, "web", "assets", "font-Abc123.woff2"), "not compressed");
  writeFileSync(join(folder, "web", "theme.js"), SCRIPT);
  writeFileSync(join(folder, "secret.txt"), "outside");
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The path goes out as it is: `fetch` would tidy it up, and unpack what it gets. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, path, headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("end", () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.once("error", reject).end();
  });
}

const browser = { accept: "text/html,*/*;q=0.8" };

test("every address of a page answers with the page, whose policy lets nothing in from elsewhere", async () => {
  build();

  for (const path of ["/", "/index.html", "/devices?state=pending", "/o/1/releases/pump.v2"]) {
    const { status, headers, body } = await ask(path, browser);
    expect([path, status, body.toString()]).toEqual([path, 200, PAGE]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": PAGE_POLICY,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  }
});

test("an asset is kept for ever by whoever got it, any other file is asked for again", async () => {
  build();

  const script = await ask("/assets/index-Abc123.js");
  expect([script.status, script.body.toString()]).toEqual([200, SCRIPT]);
  expect(script.headers["content-type"]).toMatch(/^(?:text|application)\/javascript/);
  expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  const theme = await ask("/theme.js");
  expect([theme.status, theme.headers["cache-control"]]).toEqual([200, "no-cache"]);
  const again = await ask("/theme.js", { "if-none-match": theme.headers.etag ?? "" });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  // A browser keeps the headers of the newest answer.
  const page = await ask("/", browser);
  const known = await ask("/", { ...browser, "if-none-match": page.headers.etag ?? "" });
  expect([known.status, known.headers["content-security-policy"]]).toEqual([304, PAGE_POLICY]);
});

test("whoever understands brotli gets that, else gzip, else the plain bytes", async () => {
  build();
  const path = "/assets/index-Abc123.js";

  const small = await ask(path, { "accept-encoding": "gzip, deflate, br" });
  expect(small.headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding" });
  expect(small.headers["content-type"]).toMatch(/javascript/);
  expect(small.headers["cache-control"]).toMatch(/immutable/);
  expect(brotliDecompressSync(small.body).toString()).toBe(SCRIPT);
  const older = await ask(path, { "accept-encoding": "gzip" });
  expect(older.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(older.body).toString()).toBe(SCRIPT);
  const plain = await ask(path);
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.headers["vary"]).toBe("accept-encoding");
  expect((await ask("/assets/font-Abc123.woff2", { "accept-encoding": "br" })).status).toBe(200);
  const page = await ask("/devices", { ...browser, "accept-encoding": "br" });
  expect(brotliDecompressSync(page.body).toString()).toBe(PAGE);
  expect(page.headers["content-security-policy"]).toBe(PAGE_POLICY);
});

test("HEAD tells what GET would", async () => {
  build();

  const head = await ask("/", browser, "HEAD");
  expect([head.status, head.body.length]).toEqual([200, 0]);
  expect(head.headers["content-length"]).toBe(String(PAGE.length));
});

test("what is not there is a problem that nobody keeps, not a page", async () => {
  build();

  for (const path of ["/assets/gone.js", "/gone.txt", "/api/v1/gone", "/device/gone", "/devices"]) {
    const { status, headers, body } = await ask(path, { accept: "*/*" });
    expect([path, status]).toEqual([path, 404]);
    expect(JSON.parse(body.toString())).toMatchObject({ code: "not-found" });
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["content-security-policy"]).toContain("default-src 'none'; frame");
  }
  expect((await ask("/api/v1/gone", browser)).status).toBe(404);
  expect((await ask("/devices", browser, "POST")).status).toBe(404);
  expect((await ask("/api/v1/me", browser)).body.toString()).toBe('{"name":"Ada"}');
});

test("no path leads out of the folder", async () => {
  build();

  for (const path of [
    "/assets/../../secret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%5c..%5csecret.txt",
    "//secret.txt",
    "/assets/%00",
    "/assets/%252e%252e/%252e%252e/secret.txt",
    "/assets",
    "/assets/",
  ]) {
    const { status, body } = await ask(path, { accept: "*/*" });
    expect([path, body.includes("outside"), status === 404 || status === 400]).toEqual([
      path,
      false,
      true,
    ]);
  }
});

test("a server without a build says how to make one, and serves it from then on", async () => {
  const before = await ask("/", browser);
  expect([before.status, before.headers["content-type"]]).toEqual([
    200,
    "text/plain; charset=utf-8",
  ]);
  expect(before.body.toString()).toContain("npm run build");
  expect((await ask("/assets/index-Abc123.js")).status).toBe(404);

  build();
  expect((await ask("/", browser)).body.toString()).toBe(PAGE);
});
