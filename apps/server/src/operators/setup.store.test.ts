import { existsSync, readFileSync, statSync } from "node:fs";
import { DAY_MS } from "@moult/base";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  PASSWORD,
  addPerson,
  startOperatorServer,
  type Answer,
  type OperatorServer,
  type OperatorServerOptions,
} from "./operator-server.fixture.ts";

describe.each(DIALECTS)("setup on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const servers: OperatorServer[] = [];
  let tenant: TenantDb;
  let count = 0;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    tenant = await store.newTenant();
    count += 1;
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const server of servers.splice(0)) await server.close();
  });

  const start = async (options?: OperatorServerOptions): Promise<OperatorServer> => {
    const server = await startOperatorServer(store, tenant.tenantId, options);
    servers.push(server);
    return server;
  };
  const email = (): string => `ada.${count}@example.org`;
  const setUp = (server: OperatorServer, over: Record<string, unknown> = {}): Promise<Answer> =>
    server.call("POST", "/setup", {
      setupCode: server.operators.setupCode() ?? "there is none",
      name: "Ada",
      email: `Ada.${count}@Example.org`,
      password: PASSWORD,
      ...over,
    });
  const isNeeded = async (server: OperatorServer) => (await server.call("GET", "/setup")).body;
  const people = async (): Promise<number> =>
    (
      await store.database.system.kysely
        .selectFrom("auth_user")
        .select("id")
        .where("email", "like", `%.${count}@example.org`)
        .execute()
    ).length;

  test("the code makes the first administrator, who is signed in, and is gone then", async () => {
    const server = await start();
    expect(await isNeeded(server)).toEqual({ needed: true });
    const code = server.operators.setupCode() ?? "";
    expect(readFileSync(server.setupCodePath, "utf8").trim()).toBe(code);
    expect(statSync(server.setupCodePath).mode & 0o777).toBe(0o600);

    const done = await setUp(server, { setupCode: code.toLowerCase().replaceAll("-", " ") });
    expect(done).toMatchObject({
      status: 200,
      body: {
        kind: "user",
        role: "admin",
        name: "Ada",
        email: email(),
        tenantId: tenant.tenantId,
      },
    });
    const cookie = done.cookies[0]?.split(";")[0] ?? "";
    expect((await server.call("GET", "/me", undefined, { cookie })).body).toEqual(done.body);
    expect(await isNeeded(server)).toEqual({ needed: false });
    expect(server.operators.setupCode()).toBeUndefined();
    expect(existsSync(server.setupCodePath)).toBe(false);
  });

  test("a wrong code makes nobody", async () => {
    const server = await start();
    for (const setupCode of ["", "2222-2222-2222-2222-2222", "\u{1F40D}"])
      expect(await setUp(server, { setupCode })).toMatchObject({
        status: 403,
        body: { code: "setup-code-wrong", detail: expect.stringContaining("setup-code") },
      });

    expect(await people()).toBe(0);
    expect(await isNeeded(server)).toEqual({ needed: true });
  });

  test("a short password makes nobody", async () => {
    const server = await start();
    const answer = await setUp(server, { password: "123456789" });

    expect(answer).toMatchObject({ status: 400, body: { code: "invalid-request" } });
    expect(await people()).toBe(0);
  });

  test("it happens once, even with the code that was right", async () => {
    const server = await start();
    const setupCode = server.operators.setupCode();
    await setUp(server);

    expect(await setUp(server, { setupCode, email: `eve.${count}@example.org` })).toMatchObject({
      status: 409,
      body: { code: "setup-done" },
    });
    expect(await people()).toBe(1);
  });

  test("of two who set up at once, on two replicas, one wins and the other has made nothing", async () => {
    const replicas = [await start(), await start()];
    const answers = await Promise.all(
      replicas.map((server, n) => setUp(server, { email: `person${n}.${count}@example.org` })),
    );

    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 409,
    ]);
    expect(await people()).toBe(1);
    for (const server of replicas) {
      expect(await isNeeded(server)).toEqual({ needed: false });
      expect(existsSync(server.setupCodePath), "the code of either is gone").toBe(false);
    }
  });

  test("the code is the same after a restart, until somebody has used it", async () => {
    const server = await start();
    const { openSetupCode } = await import("./setup-code.ts");
    const again = openSetupCode(server.setupCodePath);
    await again.make();
    expect(again.text()).toBe(server.operators.setupCode());

    await addPerson(store, tenant.tenantId, email(), "viewer");
    const later = await start();
    expect(later.operators.setupCode()).toBeUndefined();
    expect(existsSync(later.setupCodePath)).toBe(false);
  });

  test("the code is not guessed: tries are few", async () => {
    const server = await start();
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1)
      statuses.push((await setUp(server, { setupCode: `guess ${n}` })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(403), 429]);
    expect((await setUp(server)).status, "not even when it is right").toBe(429);

    vi.setSystemTime(Date.now() + DAY_MS);
    expect((await setUp(server)).status).toBe(200);
  });

  test("an e-mail address of somebody in another tenant is refused, and says so", async () => {
    const other = await store.newTenant();
    await addPerson(store, other.tenantId, email(), "viewer");
    const server = await start();

    expect(await setUp(server)).toMatchObject({
      status: 400,
      body: { code: "invalid-request", detail: expect.stringContaining("e-mail") },
    });
    expect(await isNeeded(server)).toEqual({ needed: true });
    expect((await setUp(server, { email: `b.${count}@example.org` })).status).toBe(200);
  });

  test("a name that PostgreSQL cannot keep is kept as it can be", async () => {
    const server = await start();

    expect(await setUp(server, { name: "A\0da" })).toMatchObject({
      status: 200,
      body: { name: "A\u{FFFD}da" },
    });
  });

  test("on plain http the cookie works without encryption, on https only with it", async () => {
    const plain = await start({ publicUrl: "http://127.0.0.1:8080" });
    const [cookie] = (await setUp(plain)).cookies;
    expect(cookie).toMatch(
      /^moult\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );

    tenant = await store.newTenant();
    count += 1;
    const [sealed] = (await setUp(await start())).cookies;
    expect(sealed).toMatch(
      /^__Secure-moult\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
  });
});
