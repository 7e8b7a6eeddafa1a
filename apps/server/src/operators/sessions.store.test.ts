import { randomBytes } from "node:crypto";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "@moult/base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  PASSWORD,
  addPerson,
  changeRole,
  cookieOf,
  startOperatorServer,
  type Answer,
  type OperatorServer,
} from "./operator-server.fixture.ts";
import type { Operator } from "./queries.ts";

describe.each(DIALECTS)("sessions on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const secret = randomBytes(32);
  let server: OperatorServer;
  let ada: Operator;
  let count = 0;

  beforeAll(async () => {
    server = await startOperatorServer(store, (await store.newTenant()).tenantId, { secret });
  });
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    count += 1;
    const { tenantId } = await store.newTenant();
    ada = await addPerson(store, tenantId, `ada${count}@example.org`, "operator");
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => server.close());

  /** Each test comes from a network of its own. */
  const signIn = (
    given: { readonly email?: string; readonly password?: string; readonly host?: number } = {},
  ): Promise<Answer> =>
    server.call(
      "POST",
      "/session",
      { email: given.email ?? ada.email, password: given.password ?? PASSWORD },
      { "x-forwarded-for": `10.0.${count}.${given.host ?? 1}` },
    );
  const me = (headers: Readonly<Record<string, string>>) =>
    server.call("GET", "/me", undefined, headers);
  const pass = (ms: number): void => {
    vi.setSystemTime(Date.now() + ms);
  };

  test("the password opens a session, which says who it is until it is ended", async () => {
    const opened = await signIn({ email: ada.email.toUpperCase() });
    expect(opened).toMatchObject({ status: 200, body: { kind: "user", role: "operator" } });
    expect(opened.cookies.join()).toMatch(/HttpOnly; Secure; SameSite=Strict$/);
    const session = cookieOf(opened);
    expect((await me(session)).body).toEqual({
      kind: "user",
      tenantId: ada.tenantId,
      tenantName: `tenant ${ada.tenantId}`,
      name: "Somebody",
      email: ada.email,
      role: "operator",
      permissions: [
        "fleet:read",
        "devices:write",
        "groups:write",
        "releases:write",
        "deployments:write",
        "trust:propose",
        "enrolment:write",
        "self",
      ],
    });

    const ended = await server.call("DELETE", "/session", undefined, session);
    expect(ended).toMatchObject({ status: 204 });
    expect(ended.cookies.join()).toContain("Max-Age=0");
    expect(await me(session)).toMatchObject({
      status: 401,
      body: { code: "unauthenticated", detail: expect.stringContaining("session has ended") },
    });
  });

  test("a wrong password and an unknown person get the same answer, after the same time", async () => {
    const timed = async (attempt: () => Promise<Answer>) => {
      const started = performance.now();
      const { status, body, cookies } = await attempt();
      const tookMs = performance.now() - started;
      return { tookMs, answer: { status, cookies, body: { ...(body as object), requestId: "" } } };
    };
    const leastMs = { wrong: Infinity, unknown: Infinity };
    for (let host = 1; host <= 5; host += 1) {
      const wrong = await timed(() => signIn({ password: "wrong password", host }));
      const unknown = await timed(() => signIn({ email: `nobody${host}@example.org`, host }));
      expect(wrong.answer).toMatchObject({ status: 401, body: { code: "credentials-wrong" } });
      expect(unknown.answer).toEqual(wrong.answer);
      leastMs.wrong = Math.min(leastMs.wrong, wrong.tookMs);
      leastMs.unknown = Math.min(leastMs.unknown, unknown.tookMs);
    }

    // Without the slow hash it would be a twentieth.
    expect(leastMs.unknown).toBeGreaterThan(leastMs.wrong / 3);
    expect(leastMs.unknown).toBeLessThan(leastMs.wrong * 3);
  });

  test("who guesses passwords is held back, and locks nobody else out", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1)
      statuses.push((await signIn({ password: `guess ${n}`, host: 9 })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    expect(await signIn({ host: 9 }), "not even with the right password").toMatchObject({
      status: 429,
      body: { code: "too-many-requests" },
      cookies: [],
    });
    expect((await signIn({ host: 2 })).status, "its owner is elsewhere").toBe(200);

    pass(MINUTE_MS);
    expect((await signIn({ host: 9 })).status).toBe(200);
  });

  test("a session ends a week after the last visit", async () => {
    const session = cookieOf(await signIn());
    pass(7 * DAY_MS - HOUR_MS);
    const { authenticator } = server.operators;
    const credentials = { apiKey: undefined, cookies: session.cookie, clientAddress: "10.0.0.1" };
    expect(await authenticator.principalOf(credentials)).toMatchObject({ userId: ada.userId });

    pass(2 * HOUR_MS);
    expect(await me(session)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  });

  test("a visit prolongs it, at most once a day, and tells the browser", async () => {
    const session = cookieOf(await signIn());
    pass(DAY_MS - HOUR_MS);
    expect((await me(session)).cookies).toEqual([]);

    pass(2 * HOUR_MS);
    expect((await me(session)).cookies.join()).toMatch(
      /^__Secure-moult\.session_token=[^;]+; Max-Age=604800; .*HttpOnly; Secure; SameSite=Strict$/,
    );
    expect((await me(session)).cookies).toEqual([]);
    pass(7 * DAY_MS - HOUR_MS);
    expect((await me(session)).status).toBe(200);
  });

  test("sessions that ended are removed when somebody signs in", async () => {
    await signIn();
    pass(8 * DAY_MS);
    await signIn();

    const { rows } = await sessionsOf(ada);
    expect(rows).toHaveLength(1);
  });
  const sessionsOf = async ({ userId }: Operator) => ({
    rows: await store.database.system.kysely
      .selectFrom("auth_session")
      .select("id")
      .where("user_id", "=", userId)
      .execute(),
  });

  test("a forged cookie is refused, and no cookie is nobody", async () => {
    const { cookie } = cookieOf(await signIn());
    const [name, value = ""] = cookie.split("=");
    const signed = decodeURIComponent(value);
    const token = signed.slice(0, signed.indexOf("."));
    for (const forged of [`${token}x${signed.slice(token.length)}`, token, "", `${token}.AAAA`])
      expect(await me({ cookie: `${name}=${encodeURIComponent(forged)}` })).toMatchObject({
        status: 401,
        body: { code: "unauthenticated", detail: expect.stringContaining("session has ended") },
      });

    expect(await me({ cookie: "theme=dark; my_moult.session_token=x" })).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining("Sign in, or send an API key") },
    });
  });

  test("a role that changes counts at once, in sessions that are open", async () => {
    const session = cookieOf(await signIn());
    await changeRole(store, ada, "viewer");

    expect((await me(session)).body).toMatchObject({ role: "viewer" });
  });

  test("who lost his place in the tenant has no session, and cannot open another", async () => {
    const session = cookieOf(await signIn());
    await changeRole(store, ada, undefined);

    expect(await me(session)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
    expect(await signIn()).toMatchObject({
      status: 401,
      body: { code: "credentials-wrong" },
      cookies: [],
    });
  });

  test("people of two tenants each come into their own", async () => {
    const { tenantId } = await store.newTenant();
    const bob = await addPerson(store, tenantId, `bob${count}@example.org`, "admin");

    expect((await signIn({ email: bob.email })).body).toMatchObject({ tenantId, role: "admin" });
    expect((await signIn()).body).toMatchObject({ tenantId: ada.tenantId, role: "operator" });
  });

  test("another replica with the same secret knows the session, another server does not", async () => {
    const session = cookieOf(await signIn());
    const replica = await startOperatorServer(store, ada.tenantId, { secret });
    const stranger = await startOperatorServer(store, ada.tenantId);
    try {
      expect((await replica.call("GET", "/me", undefined, session)).status).toBe(200);
      expect((await stranger.call("GET", "/me", undefined, session)).status).toBe(401);
    } finally {
      await replica.close();
      await stranger.close();
    }
  });

  test("another site cannot sign a browser in or out", async () => {
    const session = cookieOf(await signIn());
    const foreign = { ...session, origin: "https://evil.example", "sec-fetch-site": "cross-site" };

    expect((await server.call("DELETE", "/session", undefined, foreign)).status).toBe(403);
    expect((await me(session)).status).toBe(200);
    const body = { email: ada.email, password: PASSWORD };
    expect((await server.call("POST", "/session", body, foreign)).status).toBe(403);
  });
});
