import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeHttpServer, createHttpServer } from "../platform/http/http-server.ts";
import { silentLog } from "../platform/test-database.fixture.ts";
import { downloadRoutes } from "./download-routes.ts";
import { createDownloads, type Downloads } from "./downloads.ts";

let folder: string;
let app: FastifyInstance;
let downloads: Downloads;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-downloads-"));
  downloads = createDownloads(folder);
  app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
  downloadRoutes(app, downloads);
  await app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/download`;
});
afterEach(async () => {
  await closeHttpServer(app, 100);
  rmSync(folder, { recursive: true, force: true });
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const write = (text: string): void => writeFileSync(join(folder, "moult-agent.mjs"), text);

test("anybody gets the agent, whole or in part, and its digest is the one operators are told", async () => {
  write("an agent");

  const response = await fetch(`${url}/moult-agent.mjs`);
  expect(await response.text()).toBe("an agent");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "content-length": "8",
    "content-disposition": 'attachment; filename="moult-agent.mjs"',
    "cache-control": "no-cache",
    etag: `"${sha256("an agent")}"`,
  });
  expect(await downloads.list()).toEqual({
    agent: { path: "/download/moult-agent.mjs", sha256: sha256("an agent"), sizeBytes: 8 },
    cli: null,
  });
  const part = await fetch(`${url}/moult-agent.mjs`, { headers: { range: "bytes=3-" } });
  expect([part.status, await part.text()]).toEqual([206, "agent"]);
  const head = await fetch(`${url}/moult-agent.mjs`, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "8"]);
});

test("a new build is given out at once, under its own digest", async () => {
  write("an agent");
  await downloads.list();

  write("a newer agent");
  expect(await (await fetch(`${url}/moult-agent.mjs`)).text()).toBe("a newer agent");
  expect((await downloads.list()).agent?.sha256).toBe(sha256("a newer agent"));
});

test("what was not built, and any other name, is not there", async () => {
  writeFileSync(join(folder, "other.mjs"), "no business of anybody's");

  for (const name of ["moult.mjs", "other.mjs", "web", "..%2fother.mjs"])
    expect([name, (await fetch(`${url}/${name}`)).status]).toEqual([name, 404]);
});
