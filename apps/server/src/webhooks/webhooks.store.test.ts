import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DAY_MS, HOUR_MS, MINUTE_MS, instant } from "@moult/base";
import type { FleetEventBody } from "@moult/model";
import { Webhook as Verifier } from "standardwebhooks";
import { afterEach, describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { appendEvent } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { openWebhooks } from "./open-webhooks.ts";
import type { Webhook } from "./send-webhook.ts";
import { createWebhookTender, type WebhookTender } from "./tend-webhooks.ts";

const DELIVERER = fileURLToPath(new URL("./deliver-until-killed.fixture.ts", import.meta.url));
const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Somebody else's server, on this machine. */
async function receiver(answer: (response: ServerResponse) => void = (response) => response.end()) {
  const received: Received[] = [];
  const arrival = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      received.push({ path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
      arrival.resolve();
      answer(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { received, arrived: arrival.promise, url: `http://127.0.0.1:${port}/hook`, port };
}

const webhookAt = (url: string, changes: Partial<Webhook> = {}): Webhook => ({
  id: "receiver",
  url,
  secret: Buffer.alloc(32, 9),
  allowPrivate: true,
  kinds: ["trust-role-expiring"],
  ...changes,
});

/** A server whose clock stands until it is moved. */
class Sender {
  // Receivers judge the timestamp by the real time.
  now = Date.now();
  readonly tender: WebhookTender;
  readonly warnings: unknown[] = [];

  constructor(...webhooks: readonly Webhook[]) {
    this.tender = createWebhookTender({
      webhooks,
      clock: { now: () => instant(this.now) },
      log: { ...silentLog, warn: (_event, context) => this.warnings.push(context) },
      random: { fraction: () => 0 },
    });
    closing.push(() => this.tender.close());
  }

  deliver = (db: TenantDb) => this.tender.deliver(db);
}

const expiring = (role: string): FleetEventBody => ({
  kind: "trust-role-expiring",
  role,
  warning: "expires-7d",
  expiresAt: "2026-12-01T00:00:00.000Z",
});
const happen = (db: TenantDb, body: FleetEventBody) =>
  db.transaction((inner) => appendEvent(inner, { at: instant(Date.now()), body }));
const waiting = async (db: TenantDb) =>
  db.kysely
    .selectFrom("webhook_delivery")
    .select(["attempts", "next_at"])
    .where("tenant_id", "=", db.tenantId)
    .execute();

describe.each(DIALECTS)("webhooks on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** On PostgreSQL an event is seen once every transaction that is older has ended, those of other tests too. */
  async function deliverUntil(sender: Sender, db: TenantDb, isDone: () => boolean) {
    await expect
      .poll(async () => {
        await sender.deliver(db);
        return isDone();
      })
      .toBe(true);
  }

  test("a receiver is told of what happens from then on, once, signed as the standard says", async () => {
    const db = await store.newTenant();
    const { received, url } = await receiver();
    const sender = new Sender(webhookAt(url));
    await happen(db, expiring("before.prod"));
    await sender.deliver(db);
    await happen(db, { kind: "trust-initialised", by: "Ada" });
    await happen(db, expiring("gateway.prod"));
    await deliverUntil(sender, db, () =>
      received.some(({ body }) => body.includes("gateway.prod")),
    );
    await sender.deliver(db);

    const told = received.filter(({ body }) => body.includes("gateway.prod"));
    expect(told).toHaveLength(1);
    expect(received.some(({ body }) => body.includes("trust-initialised"))).toBe(false);
    // On PostgreSQL what happened while an older transaction ran may still count as after it.
    if (dialect === "sqlite") expect(received).toHaveLength(1);
    const [{ headers, body }] = told as [Received];
    const message = new Verifier(SECRET).verify(body, headers as Record<string, string>);
    expect(message).toMatchObject({
      type: "trust-role-expiring",
      data: { event: expiring("gateway.prod"), sentence: expect.stringContaining("gateway.prod") },
    });
    expect(() =>
      new Verifier(SECRET).verify(`${body} `, headers as Record<string, string>),
    ).toThrow("signature");
    expect(await waiting(db)).toEqual([]);
  });

  test("what a receiver does not take is tried again with the same id, later each time, and given up after a day", async () => {
    const db = await store.newTenant();
    let status = 503;
    const { received, url } = await receiver((response) => {
      response.statusCode = status;
      response.end("x".repeat(1_000_000));
    });
    const sender = new Sender(webhookAt(url));
    await sender.deliver(db);
    await happen(db, expiring("gateway.prod"));
    await deliverUntil(sender, db, () => received.length === 1);
    await sender.deliver(db);
    expect(received).toHaveLength(1);

    sender.now += MINUTE_MS;
    await sender.deliver(db);
    expect(await waiting(db)).toMatchObject([{ attempts: 2 }]);
    status = 200;
    sender.now += HOUR_MS;
    await sender.deliver(db);
    expect(await waiting(db)).toEqual([]);
    const ids = received.map(({ headers }) => headers["webhook-id"]);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);

    status = 500;
    await happen(db, expiring("gateway.dev"));
    await deliverUntil(sender, db, () => received.length === 4);
    sender.now += DAY_MS + 1;
    await sender.deliver(db);
    expect(await waiting(db)).toEqual([]);
    expect(received).toHaveLength(4);
  });

  test("a redirect is not followed", async () => {
    const db = await store.newTenant();
    const elsewhere = await receiver();
    const { received, url } = await receiver((response) => {
      response.writeHead(307, { location: elsewhere.url }).end();
    });
    const sender = new Sender(webhookAt(url));
    await sender.deliver(db);
    await happen(db, expiring("gateway.prod"));
    await deliverUntil(sender, db, () => received.length === 1);

    expect(elsewhere.received).toEqual([]);
    expect(sender.warnings).toMatchObject([{ problem: "it answered 307" }]);
  });

  test("nothing is sent into networks of its own, whatever name leads there; another receiver is told all the same", async () => {
    const db = await store.newTenant();
    const { received, url, port } = await receiver();
    const internal = [
      `http://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      "http://169.254.169.254/latest/meta-data/",
      `http://[::ffff:127.0.0.1]:${port}/`,
    ].map((address, at) => webhookAt(address, { id: `internal-${at}`, allowPrivate: false }));
    const sender = new Sender(...internal, webhookAt(url));
    await sender.deliver(db);
    await happen(db, expiring("gateway.prod"));
    await deliverUntil(sender, db, () => received.length > 0 && sender.warnings.length >= 4);

    expect(received.map(({ path }) => path)).toEqual(["/hook"]);
    const problem = "its address is an internal one";
    expect(sender.warnings).toMatchObject(internal.map(() => ({ problem })));
  });

  test("a server that is killed while it delivers leaves it to another, and two never deliver at once", async () => {
    const db = await store.newTenant();
    let answers = false;
    const { received, arrived, url } = await receiver((response) => answers && response.end());
    const sender = new Sender(webhookAt(url));
    await sender.deliver(db);
    await happen(db, expiring("gateway.prod"));
    const { place } = store;
    const { tenantId } = db;
    await expect
      .poll(
        async () => {
          const job = JSON.stringify({ place, tenantId, url, now: sender.now });
          const killed = spawn(process.execPath, [DELIVERER, job], { stdio: "inherit" });
          const ended = once(killed, "exit");
          await Promise.race([ended, arrived]);
          killed.kill("SIGKILL");
          await ended;
          return received.length;
        },
        { timeout: 20_000 },
      )
      .toBe(1);

    answers = true;
    await sender.deliver(db);
    expect(received).toHaveLength(1);
    sender.now += 2 * MINUTE_MS;
    await sender.deliver(db);
    expect(received).toHaveLength(2);
    expect(received[0]?.headers["webhook-id"]).toBe(received[1]?.headers["webhook-id"]);
    expect(await waiting(db)).toEqual([]);
  });
});

test("a secret is read from a file or a variable, and a wrong one is named by its place alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-webhook-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const secretFile = join(folder, "secret");
  writeFileSync(secretFile, `${SECRET}\n`);
  const settings = { url: "https://hooks.example.org/x", kinds: [], allowPrivate: false };
  const environment = { HOOK: SECRET, WEAK: "whsec_c2hvcnQ=" };
  const webhooks = await openWebhooks(
    [
      { ...settings, secretFile },
      { ...settings, secretVariable: "HOOK" },
    ],
    environment,
  );

  expect(webhooks.map(({ secret }) => secret)).toEqual([Buffer.alloc(32, 9), Buffer.alloc(32, 9)]);
  await expect(
    openWebhooks([{ ...settings, secretVariable: "WEAK" }], environment),
  ).rejects.toMatchObject({
    code: "webhook-secret-unusable",
    context: { place: "the variable WEAK" },
  });
});
