import { Invitation, Person, type Role } from "@moult/api";
import { DAY_MS } from "@moult/base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DIALECTS } from "../platform/dialect.ts";
import { eventsAfter } from "../platform/events.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  PASSWORD,
  addPerson,
  bearer,
  cookieOf,
  startOperatorServer,
  type OperatorServer,
} from "./operator-server.fixture.ts";
import { INVITATIONS_MAX } from "./change-people.ts";
import type { Operator } from "./queries.ts";

const Invited = z.object({ invitation: Invitation, code: z.string(), link: z.string() });
const PersonList = z.object({ items: z.array(Person) });
const InvitationList = z.object({ items: z.array(Invitation) });
const NewKey = z.object({ secret: z.string() });
type Credentials = Readonly<Record<string, string>>;

describe.each(DIALECTS)("people on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: OperatorServer;
  let tenant: TenantDb;
  let ada: Operator;
  let session: Credentials;
  let count = 0;

  beforeAll(async () => {
    server = await startOperatorServer(store, (await store.newTenant()).tenantId);
  });
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    count += 1;
    tenant = await store.newTenant();
    ada = await addPerson(store, tenant.tenantId, address("ada"), "admin");
    session = await sessionOf(ada.email);
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => server.close());

  const address = (name: string): string => `${name}.${count}@example.org`;
  const sessionOf = async (email: string): Promise<Credentials> =>
    cookieOf(await server.call("POST", "/session", { email, password: PASSWORD }));
  const call = (method: string, path: string, body?: unknown, by: Credentials = session) =>
    server.call(method, path, body, by);
  const invite = async (
    name: string,
    role: Role = "operator",
    over: Record<string, unknown> = {},
    by: Credentials = session,
  ) => {
    const answer = await call("POST", "/invitations", { email: address(name), role, ...over }, by);
    expect(answer).toMatchObject({ status: 200 });
    return Invited.parse(answer.body);
  };
  const accept = (code: string, name = "Bob", password = PASSWORD) =>
    server.call("POST", "/invitation/acceptance", { code, name, password });
  const join = async (name: string, role: Role = "operator"): Promise<Credentials> => {
    const answer = await accept((await invite(name.toLowerCase(), role)).code, name);
    expect(answer).toMatchObject({ status: 200 });
    return cookieOf(answer);
  };
  const list = async (): Promise<Person[]> =>
    PersonList.parse((await call("GET", "/people")).body).items;
  const personOf = async (name: string): Promise<Person> => {
    const found = (await list()).find((person) => person.email === address(name));
    if (found === undefined) throw new Error(`nobody has the address of ${name}`);
    return found;
  };
  const invitations = async (): Promise<Invitation[]> =>
    InvitationList.parse((await call("GET", "/invitations")).body).items;
  const me = (by: Credentials) => server.call("GET", "/me", undefined, by);
  const keyOf = async (by: Credentials, role: Role): Promise<Credentials> =>
    bearer(NewKey.parse((await call("POST", "/api-keys", { name: "ci", role }, by)).body).secret);
  const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
  const sentKinds = async () => (await eventsAfter(tenant, 0, {})).map(({ body }) => body);

  test("whoever is invited takes the place with a name and a password of their own, once", async () => {
    const { invitation, code, link } = await invite("Bob", "publisher");
    expect(code).toMatch(/^mi_[\w-]{43}$/);
    expect(link).toBe(`https://moult.example.org/accept-invitation#${code}`);
    expect(invitation).toMatchObject({
      email: address("bob"),
      role: "publisher",
      invitedBy: "Somebody",
      expiresAt: new Date(Date.now() + 7 * DAY_MS).toISOString(),
    });
    expect((await server.call("POST", "/invitation", { code })).body).toEqual({
      tenantName: `tenant ${ada.tenantId}`,
      email: address("bob"),
      role: "publisher",
      invitedBy: "Somebody",
      expiresAt: invitation.expiresAt,
    });

    const joined = await accept(code);

    const bob = { kind: "user", tenantId: ada.tenantId, name: "Bob", role: "publisher" };
    expect(joined).toMatchObject({ status: 200, body: { ...bob, email: address("bob") } });
    expect((await me(cookieOf(joined))).body).toEqual(joined.body);
    expect((await me(await sessionOf(address("bob")))).body).toEqual(joined.body);
    expect(await invitations()).toEqual([]);
    expect(await list()).toMatchObject([
      { name: "Bob", role: "publisher", invitedBy: "Somebody", apiKeys: 0, isYou: false },
      { name: "Somebody", role: "admin", invitedBy: null, apiKeys: 0, isYou: true },
    ]);
    expect(await accept(code, "Bob again")).toMatchObject({
      status: 403,
      body: { code: "invitation-void" },
    });
    const { email, role } = invitation;
    expect(await sentKinds()).toEqual([
      { kind: "person-invited", email, role, expiresAt: invitation.expiresAt, by: "Somebody" },
      { kind: "person-joined", name: "Bob", email, role, invitedBy: "Somebody" },
    ]);
  });

  test("the code stands nowhere, and two who take it at once are one person", async () => {
    const { code } = await invite("bob");
    const rows = await store.database.system.kysely.selectFrom("invitation").selectAll().execute();
    expect(JSON.stringify([rows, await invitations(), await sentKinds()])).not.toContain(
      code.slice(3),
    );

    const both = await Promise.all([accept(code, "Bob"), accept(code, "Bert")]);

    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 403]));
    expect(await list()).toHaveLength(2);
  });

  test("an invitation is void when it is over, revoked, or made again", async () => {
    const refused = async (code: string, why: string) => {
      const answer = { status: 403, body: { code: "invitation-void", detail: why } };
      expect(await accept(code)).toMatchObject(answer);
      expect(await server.call("POST", "/invitation", { code })).toMatchObject(answer);
    };
    const over = await invite("bob", "viewer", { expiresInDays: 1 });
    pass(DAY_MS);
    session = await sessionOf(ada.email);
    await refused(over.code, expect.stringContaining(over.invitation.expiresAt) as string);

    const again = await invite("bob", "admin");
    expect(await invitations()).toEqual([again.invitation]);
    await refused(over.code, expect.stringContaining("a newer one took its place") as string);

    const path = `/invitations/${again.invitation.id}`;
    expect((await call("DELETE", path)).status).toBe(204);
    await refused(again.code, expect.stringContaining("revoked") as string);
    expect(await call("DELETE", path)).toMatchObject({ status: 404 });
    expect((await sentKinds()).at(-1)).toMatchObject({ kind: "invitation-revoked" });
    for (const code of ["", "mi_", `mi_${"A".repeat(43)}`, "\u0000".repeat(46)])
      expect([400, 403]).toContain((await accept(code)).status);
  });

  test("nobody takes the name that events call somebody else by", async () => {
    const { code } = await invite("bob");

    for (const name of [" sOMEBODY ", "Some\u200bbody", "\uff33omebody"])
      expect(await accept(code, name)).toMatchObject({
        status: 409,
        body: { code: "name-taken" },
      });
    expect(await accept(code, "\u200b")).toMatchObject({ status: 400 });
    expect(await accept(code, "Bob", "too short")).toMatchObject({ status: 400 });
    // What was refused used nothing up.
    expect(await accept(code, "Bob")).toMatchObject({ status: 200 });
  });

  test("an address with a place is not invited, and not let in where its place is another tenant", async () => {
    expect(
      await call("POST", "/invitations", { email: ada.email.toUpperCase(), role: "viewer" }),
    ).toMatchObject({ status: 409, body: { code: "name-taken" } });

    const elsewhere = await store.newTenant();
    await addPerson(store, elsewhere.tenantId, address("cy"), "admin");
    const { code } = await invite("cy");
    expect(await accept(code, "Cy")).toMatchObject({ status: 409, body: { code: "name-taken" } });
    expect((await me(await sessionOf(address("cy")))).body).toMatchObject({
      tenantId: elsewhere.tenantId,
      name: "Somebody",
    });
  });

  test("a role that is changed counts from the next request on, of sessions and of keys", async () => {
    const bob = await join("Bob", "admin");
    const key = await keyOf(bob, "admin");
    const { id } = await personOf("bob");
    expect((await call("GET", "/people", undefined, key)).status).toBe(200);

    expect(await call("PATCH", `/people/${id}`, { role: "viewer" })).toMatchObject({
      status: 200,
      body: { id, name: "Bob", role: "viewer", apiKeys: 1, isYou: false },
    });

    for (const by of [bob, key]) {
      expect((await me(by)).body).toMatchObject({ role: "viewer" });
      expect((await call("GET", "/people", undefined, by)).status).toBe(403);
      expect((await call("GET", "/approvers", undefined, by)).status).toBe(403);
    }
    const before = await sentKinds();
    expect((await call("PATCH", `/people/${id}`, { role: "viewer" })).status).toBe(200);
    expect(await sentKinds()).toEqual(before);
    expect(before.at(-1)).toEqual({
      kind: "person-role-changed",
      name: "Bob",
      email: address("bob"),
      from: "admin",
      to: "viewer",
      by: "Somebody",
    });
  });

  test("whoever is removed has no session, no key and no invitation any more, and is the same person when invited again", async () => {
    const bob = await join("Bob", "admin");
    const key = await keyOf(bob, "viewer");
    const byBob = await invite("cy", "admin", {}, bob);
    const { id } = await personOf("bob");

    expect((await call("DELETE", `/people/${id}`)).status).toBe(204);

    expect((await me(bob)).status).toBe(401);
    expect(await me(key)).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining("revoked") },
    });
    const credentials = { email: address("bob"), password: PASSWORD };
    expect((await server.call("POST", "/session", credentials)).status).toBe(401);
    expect((await accept(byBob.code, "Cy")).status).toBe(403);
    expect(await call("DELETE", `/people/${id}`)).toMatchObject({ status: 404 });
    expect((await sentKinds()).slice(-2)).toMatchObject([
      { kind: "invitation-revoked", email: address("cy"), by: "Somebody" },
      { kind: "person-removed", name: "Bob", email: address("bob"), by: "Somebody" },
    ]);

    const password = "another password of his";
    const back = await accept((await invite("bob", "viewer")).code, "Robert", password);

    expect(back).toMatchObject({ status: 200, body: { name: "Robert", role: "viewer" } });
    expect((await personOf("bob")).id).toBe(id);
    expect((await me(key)).status).toBe(401);
    expect((await me(bob)).status).toBe(401);
    expect((await server.call("POST", "/session", credentials)).status).toBe(401);
  });

  test("whoever may not make invitations any more has none open", async () => {
    const bob = await join("Bob", "admin");
    const { code } = await invite("cy", "admin", {}, bob);
    const { id } = await personOf("bob");

    await call("PATCH", `/people/${id}`, { role: "operator" });

    expect((await accept(code, "Cy")).status).toBe(403);
    expect(await invitations()).toEqual([]);
  });

  test("nobody changes or removes themselves, not with a key of theirs either", async () => {
    await join("Bob", "admin");
    const { id } = await personOf("ada");
    for (const by of [session, await keyOf(session, "admin")]) {
      const refused = { status: 409, body: { code: "state-conflict" } };
      expect(await call("PATCH", `/people/${id}`, { role: "viewer" }, by)).toMatchObject(refused);
      expect(await call("DELETE", `/people/${id}`, undefined, by)).toMatchObject(refused);
    }
  });

  test.each(["viewer", "publisher", "operator"] as const)(
    "a %s changes nothing of people, and an administrator's key below that role neither",
    async (role) => {
      const bob = await join("Bob", role);
      const { id } = await personOf("ada");
      for (const by of [bob, await keyOf(session, role)])
        for (const [method, path, body] of [
          ["GET", "/people"],
          ["PATCH", `/people/${id}`, { role: "viewer" }],
          ["DELETE", `/people/${id}`],
          ["GET", "/invitations"],
          ["POST", "/invitations", { email: address("eve"), role: "admin" }],
          ["DELETE", "/invitations/any"],
        ] as const)
          expect(await call(method, path, body, by)).toMatchObject({ status: 403 });
    },
  );

  test("those who may approve what somebody deploys are told to whoever may deploy, and to nobody else", async () => {
    const bob = await join("Bob", "publisher");
    const vi = await join("Vi", "viewer");

    const answer = await call("GET", "/approvers", undefined, bob);

    expect(answer.body).toEqual({
      items: [{ name: "Somebody", email: ada.email, role: "admin" }],
    });
    expect((await call("GET", "/approvers")).body).toEqual({
      items: [{ name: "Bob", email: address("bob"), role: "publisher" }],
    });
    expect((await call("GET", "/approvers", undefined, vi)).status).toBe(403);
  });

  test("no tenant has more invitations than a page lists", async () => {
    await tenant.transaction((inner) =>
      inner.kysely
        .insertInto("invitation")
        .values(
          Array.from({ length: INVITATIONS_MAX }, (_, index) => ({
            id: `${count}-${index}`,
            tenant_id: tenant.tenantId,
            email: address(`guest${index}`),
            role: "viewer" as const,
            code_sha256: `${count}-${index}` as never,
            invited_by: "Somebody",
            invited_by_user: ada.userId,
            created_at: Date.now(),
            expires_at: Date.now(),
          })),
        )
        .execute(),
    );
    const ask = (name: string) =>
      call("POST", "/invitations", { email: address(name), role: "viewer" });

    expect(await ask("bob")).toMatchObject({ status: 409, body: { code: "state-conflict" } });
    expect((await ask("guest7")).status).toBe(200);
    expect(await invitations()).toHaveLength(INVITATIONS_MAX);
  });

  test("a stranger who guesses codes is held back, and nobody else is", async () => {
    const guess = (index: number) =>
      server.call(
        "POST",
        "/invitation",
        { code: `mi_${String(index).padStart(43, "0")}` },
        { "x-forwarded-for": "203.0.113.9" },
      );
    const statuses: number[] = [];
    for (let index = 0; index < 40; index += 1) statuses.push((await guess(index)).status);

    expect(new Set(statuses)).toEqual(new Set([403, 429]));
    const { code } = await invite("bob");
    expect((await accept(code)).status).toBe(200);
  });
});
