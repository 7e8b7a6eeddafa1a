import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient, createCookieJar, type Client } from "@moult/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";

const PLAIN = { MOULT_TLS_MODE: "off" };
const person = { email: "ada@example.org", password: "feathers, a few at a time" };
let folder: string;
let server: LocalServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-server-"));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(settings: Readonly<Record<string, string>> = PLAIN): Promise<LocalServer> {
  server = await startLocalServer({ dataFolder: join(folder, "data"), settings });
  return server;
}

function sessionOn({ url }: LocalServer): Client {
  return createClient({ baseUrl: url, credentials: { kind: "cookies", jar: createCookieJar() } });
}

async function setUp(running: LocalServer): Promise<Client> {
  const client = sessionOn(running);
  await client.call("completeSetup", {
    body: { setupCode: await running.setupCode(), name: "Ada", ...person },
  });
  return client;
}

/** The children of a process, as Linux counts them. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);

/** A process that ended and waits for its parent to notice is gone as well. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true;
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

test("everything it keeps is its user's alone, and no secret stands in its log", async () => {
  const running = await start();
  const setupCode = await running.setupCode();
  const client = await setUp(running);
  const { secret } = await client.call("createApiKey", { body: { name: "ci", role: "admin" } });

  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect(modeOf(running.dataFolder)).toBe("700");
  for (const place of ["secrets", "signer"]) {
    const folderOfSecrets = join(running.dataFolder, place);
    expect([place, modeOf(folderOfSecrets)]).toEqual([place, "700"]);
    for (const entry of readdirSync(folderOfSecrets, { recursive: true, withFileTypes: true })) {
      if (`${entry.parentPath}/${entry.name}`.includes("compile-cache")) continue;
      const expected = entry.isDirectory() ? "700" : "600";
      expect([entry.name, modeOf(join(entry.parentPath, entry.name))]).toEqual([
        entry.name,
        expected,
      ]);
    }
  }
  expect(existsSync(join(running.dataFolder, "setup-code"))).toBe(false);

  const secrets = readdirSync(join(running.dataFolder, "secrets")).map((name) =>
    readFileSync(join(running.dataFolder, "secrets", name), "utf8").trim(),
  );
  const log = readFileSync(running.logFile, "utf8");
  for (const each of [setupCode, secret, person.password, ...secrets])
    expect(log).not.toContain(each);
  const database = readFileSync(join(running.dataFolder, "moult.sqlite-wal")).toString("latin1");
  for (const each of [secret, person.password]) expect(database).not.toContain(each);
});

test("a session and a key go on after a restart", async () => {
  const first = await start();
  const client = await setUp(first);
  const { secret } = await client.call("createApiKey", { body: { name: "ci", role: "viewer" } });
  await first.stop();
  expect(first.exitCode()).toBe(0);

  const second = await startLocalServer({
    dataFolder: first.dataFolder,
    port: first.port,
    settings: PLAIN,
  });
  server = second;
  expect(await client.call("showMe")).toMatchObject({ email: person.email, kind: "user" });
  const byKey = createClient({
    baseUrl: second.url,
    credentials: { kind: "api-key", apiKey: secret },
  });
  expect(await byKey.call("showMe")).toMatchObject({ role: "viewer", kind: "api-key" });
});

test("it stops at once though somebody watches, and its signer with it", async () => {
  const running = await start();
  const client = await setUp(running);
  const connected = Promise.withResolvers<void>();
  const abort = new AbortController();
  const watching = (async () => {
    const events = client.events(
      "watchEvents",
      {},
      {
        signal: abort.signal,
        onConnected: connected.resolve,
      },
    );
    for await (const _event of events) void _event;
  })();
  watching.catch(() => undefined);
  await connected.promise;
  const children = childrenOf(running.pid);
  expect(children).toHaveLength(1);

  const startedMs = performance.now();
  await running.stop();
  expect(running.exitCode()).toBe(0);
  // Whoever watches is sent away, not waited for: that would take the whole time for ending answers (10 s).
  expect(performance.now() - startedMs).toBeLessThan(8_000);
  expect(children.every(isGone)).toBe(true);
  abort.abort();
});

test("its signer does not outlive it when it is killed", async () => {
  const running = await start();
  const [signer = 0] = childrenOf(running.pid);

  await running.kill();
  await waitFor("the signer to end", () => isGone(signer) || undefined, 5_000);
});

test("its signer is started again when it is killed, and readiness tells meanwhile", async () => {
  const running = await start();
  const [signer = 0] = childrenOf(running.pid);

  process.kill(signer, "SIGKILL");
  const replaced = await waitFor(
    "another signer",
    () => childrenOf(running.pid).find((pid) => pid !== signer && !isGone(pid)),
    10_000,
  );
  expect(replaced).not.toBe(signer);
  await waitFor(
    "the server to be ready",
    async () => (await fetch(`${running.url}/readyz`)).ok || undefined,
    10_000,
  );
});

test("settings that are wrong stop it with every mistake named", async () => {
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify({ listen: { prot: 1 }, logLevel: "loud" }));

  const failed = start({ ...PLAIN, MOULT_CONFIG: file });
  await expect(failed).rejects.toThrow(/MOULT_CONFIG/);
});

test("a database of a later version is left alone, with words for its operator", async () => {
  const running = await start();
  await running.stop();
  const database = new DatabaseSync(join(running.dataFolder, "moult.sqlite"));
  database.prepare("insert into migration (number, name) values (?, ?)").run(999, "future");
  database.close();

  await expect(start()).rejects.toThrow(/database-newer.*later version.*backup/s);
});

test("a port that is taken is said plainly", async () => {
  const other = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;

  await expect(
    startLocalServer({ dataFolder: join(folder, "data"), port, settings: PLAIN }),
  ).rejects.toThrow(/EADDRINUSE/);
  other.close();
});
