import { ApiKey, type Role } from "@moult/api";
import { DAY_MS, MINUTE_MS } from "@moult/base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  PASSWORD,
  addPerson,
  bearer,
  changeRole,
  cookieOf,
  startOperatorServer,
  type OperatorServer,
} from "./operator-server.fixture.ts";
import { newId } from "../platform/new-id.ts";
import { apiKeyDigest, newApiKeySecret } from "./api-key-secret.ts";
import { API_KEYS_MAX } from "./operations.ts";
import { insertApiKey, type Operator } from "./queries.ts";

const CreatedKey = z.object({ key: ApiKey, secret: z.string() });
const KeyList = z.object({ items: z.array(ApiKey) });
type Credentials = Readonly<Record<string, string>>;

describe.each(DIALECTS)("API keys on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: OperatorServer;
  let ada: Operator;
  let session: Credentials;
  let count = 0;

  beforeAll(async () => {
    server = await startOperatorServer(store, (await store.newTenant()).tenantId);
  });
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    count += 1;
    const { tenantId } = await store.newTenant();
    ada = await addPerson(store, tenantId, `ada${count}@example.org`, "operator");
    session = await sessionOf(ada);
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => server.close());

  const sessionOf = async ({ email }: Operator): Promise<Credentials> =>
    cookieOf(await server.call("POST", "/session", { email, password: PASSWORD }));
  const ask = (role: Role, by: Credentials = session, over: Record<string, unknown> = {}) =>
    server.call("POST", "/api-keys", { name: "ci", role, ...over }, by);
  const create = async (...given: Parameters<typeof ask>) => {
    const answer = await ask(...given);
    expect(answer.status).toBe(200);
    return CreatedKey.parse(answer.body);
  };
  const me = (headers: Credentials, from = server) => from.call("GET", "/me", undefined, headers);
  const list = async (by: Credentials = session) =>
    KeyList.parse((await server.call("GET", "/api-keys", undefined, by)).body).items;
  const remove = (keyId: string, by: Credentials = session) =>
    server.call("DELETE", `/api-keys/${keyId}`, undefined, by);
  const pass = (ms: number): void => {
    vi.setSystemTime(Date.now() + ms);
  };

  test("a key acts for its maker in its own role, in either header", async () => {
    const { key, secret } = await create("publisher");
    expect(secret).toMatch(/^mk_[\w-]{43}$/);
    expect(key).toEqual({
      id: key.id,
      name: "ci",
      role: "publisher",
      start: secret.slice(0, 9),
      createdAt: new Date().toISOString(),
      expiresAt: null,
      lastUsedAt: null,
    });

    for (const headers of [bearer(secret), { "x-api-key": secret }])
      expect((await me(headers)).body).toEqual({
        kind: "api-key",
        tenantId: ada.tenantId,
        tenantName: `tenant ${ada.tenantId}`,
        name: "Somebody",
        email: ada.email,
        role: "publisher",
        permissions: ["fleet:read", "releases:write", "deployments:write", "trust:propose", "self"],
      });
  });

  test("its secret is shown once, and stored nowhere", async () => {
    const { key, secret } = await create("viewer");

    const listed = JSON.stringify(await list());
    expect(listed).toContain(key.id);
    expect(listed).not.toContain(secret.slice(9));
    const rows = await store.database.system.kysely.selectFrom("api_key").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secret.slice(9));
  });

  test("a key that is revoked is void at once, on every replica, and says so", async () => {
    const replica = await startOperatorServer(store, ada.tenantId);
    try {
      const { key, secret } = await create("viewer");
      expect((await me(bearer(secret))).status).toBe(200);
      expect((await me(bearer(secret), replica)).status).toBe(200);

      expect((await remove(key.id)).status).toBe(204);
      for (const each of [server, replica])
        expect(await me(bearer(secret), each)).toMatchObject({
          status: 401,
          body: { code: "unauthenticated", detail: expect.stringContaining("revoked") },
        });
      expect(await remove(key.id)).toMatchObject({ status: 404, body: { code: "not-found" } });
    } finally {
      await replica.close();
    }
  });

  test("a key that expired says when, each time it is used", async () => {
    const { key, secret } = await create("viewer", session, { expiresInDays: 30 });
    expect(Date.parse(key.expiresAt ?? "")).toBe(Date.now() + 30 * DAY_MS);
    pass(30 * DAY_MS - 1);
    expect((await me(bearer(secret))).status).toBe(200);

    pass(1);
    for (let use = 0; use < 2; use += 1)
      expect(await me(bearer(secret))).toMatchObject({
        status: 401,
        body: {
          code: "unauthenticated",
          detail: expect.stringContaining(`expired at ${key.expiresAt}`),
        },
      });
  });

  test.each([
    ["a key of nobody's", `mk_${"a".repeat(43)}`, "revoked"],
    ["half a key", "mk_abc", "not a whole API key"],
    ["anything else", "eyJhbGciOi", "not a whole API key"],
  ])("%s is refused, and never taken for a stranger without one", async (_what, text, detail) => {
    expect(await me(bearer(text))).toMatchObject({
      status: 401,
      body: { code: "unauthenticated", detail: expect.stringContaining(detail) },
    });
    expect((await me({ ...session, "x-api-key": text })).status, "even beside a session").toBe(401);
  });

  test("nobody makes a key that may do more than he", async () => {
    expect(await ask("admin")).toMatchObject({
      status: 403,
      body: { code: "forbidden", detail: expect.stringContaining("yours is operator") },
    });
    const { secret } = await create("publisher");

    expect(await ask("operator", bearer(secret))).toMatchObject({ status: 403 });
    expect((await create("publisher", bearer(secret))).key.role).toBe("publisher");
    expect(await list()).toHaveLength(2);
  });

  test("a key follows its maker down, and up again no further than its own role", async () => {
    const { secret } = await create("operator");
    await changeRole(store, ada, "viewer");
    expect((await me(bearer(secret))).body).toMatchObject({ role: "viewer" });
    expect((await ask("publisher", bearer(secret))).status).toBe(403);

    await changeRole(store, ada, "admin");
    expect((await me(bearer(secret))).body).toMatchObject({ role: "operator" });
  });

  test("who lost his place in the tenant has no keys", async () => {
    const { secret } = await create("operator");
    await changeRole(store, ada, undefined);

    expect(await me(bearer(secret))).toMatchObject({ status: 401 });
  });

  test("nobody sees or revokes another person's keys, in his tenant or another", async () => {
    const { key, secret } = await create("viewer");
    const { tenantId } = await store.newTenant();
    const others = [
      await addPerson(store, ada.tenantId, `bob${count}@example.org`, "admin"),
      await addPerson(store, tenantId, `eve${count}@example.org`, "admin"),
    ];
    for (const other of others) {
      const theirs = await sessionOf(other);
      expect(await list(theirs)).toEqual([]);
      expect((await remove(key.id, theirs)).status).toBe(404);
    }

    expect((await me(bearer(secret))).status).toBe(200);
  });

  test("the last use is noted to within a minute, not at every call", async () => {
    const { secret } = await create("viewer");
    const writes = async (): Promise<string | null | undefined> => (await list())[0]?.lastUsedAt;
    const first = new Date().toISOString();
    await Promise.all(Array.from({ length: 20 }, () => me(bearer(secret))));
    expect(await writes()).toBe(first);

    pass(MINUTE_MS - 1);
    await me(bearer(secret));
    expect(await writes()).toBe(first);
    pass(1);
    await me(bearer(secret));
    expect(await writes()).toBe(new Date().toISOString());
  });

  test("lists show the newest first", async () => {
    for (const name of ["one", "two", "three"]) {
      await create("viewer", session, { name });
      pass(1);
    }

    expect((await list()).map(({ name }) => name)).toEqual(["three", "two", "one"]);
  });

  test("one person has so many keys, and is told what to do about it", async () => {
    await store.database.tenant(ada.tenantId).transaction(async (db) => {
      for (let n = 0; n < API_KEYS_MAX - 1; n += 1) {
        const digest = apiKeyDigest(newApiKeySecret());
        const key = {
          userId: ada.userId,
          name: "ci",
          role: "viewer",
          start: "mk_",
          digest,
        } as const;
        await insertApiKey(db, { ...key, id: newId(), at: Date.now(), expiresAt: null });
      }
    });
    const answers = await Promise.all([ask("viewer"), ask("viewer"), ask("viewer")]);

    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 409, 409,
    ]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining("delete some"),
    });
  });

  test("a key has no session to end", async () => {
    const { secret } = await create("viewer");

    expect(await server.call("DELETE", "/session", undefined, bearer(secret))).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("delete the key") },
    });
  });
});
