import type { Group, GroupId } from "@moult/model";
import { Problem } from "@moult/api";
import { expect, test } from "vitest";
import { ApiError } from "../api-error.ts";
import { startTestServer } from "./test-server.fixture.ts";

const group: Group = {
  id: "0190a6d0-0000-7000-8000-000000000001" as GroupId,
  name: "beta",
  product: "gateway" as Group["product"],
  query: null,
  deviceCount: 3,
  isCountExact: true,
  createdAt: "2026-01-05T12:00:00.000Z",
};
const problemIn = async (response: Response) => {
  expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  return Problem.parse(await response.json());
};
const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { authorization: "Bearer admin", "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

test("an answer has what the operation declares and nothing else", async () => {
  const server = await startTestServer({
    showGroup: async () => ({ ...group, secret: "column of a table" }),
  });
  const response = await server.fetch(`/groups/${group.id}`);

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(group);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
    "cache-control": "no-store",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(response.headers.get("strict-transport-security")).toBeNull();
});

test("nobody gets in without a key or a session, and no further than the role allows", async () => {
  let calls = 0;
  const server = await startTestServer({
    createGroup: async () => {
      calls += 1;
      return group;
    },
  });
  const asked = (headers: Record<string, string>) =>
    server.fetch("/groups", json({ name: "beta", product: "gateway" }, headers));

  const nobody = await asked({ authorization: "Bearer guess" });
  expect([nobody.status, (await problemIn(nobody)).code]).toEqual([401, "unauthenticated"]);
  const viewer = await asked({ authorization: "Bearer viewer" });
  expect([viewer.status, (await problemIn(viewer)).code]).toEqual([403, "forbidden"]);
  expect(calls).toBe(0);
  expect((await asked({ authorization: "", "x-api-key": "operator" })).status).toBe(200);
  expect(calls).toBe(1);
});

test("every mistake of a request is named at its place", async () => {
  const server = await startTestServer({ createGroup: async () => group });

  const refused = await server.fetch("/groups", json({ name: "", product: "No!", extra: 1 }));
  expect(refused.status).toBe(400);
  const { code, issues } = await problemIn(refused);
  expect(code).toBe("invalid-request");
  expect(issues?.map(({ path }) => path).sort()).toEqual(["body", "body.name", "body.product"]);

  const badId = await problemIn(await server.fetch("/groups/7"));
  expect(badId.issues?.[0]?.path).toBe("params.groupId");
});

test.each([
  ["malformed-json", 400, json("{")],
  ["malformed-json", 400, json("")],
  ["unsupported-media-type", 415, json("a=b", { "content-type": "text/plain" })],
  ["body-too-large", 413, json({ name: "x".repeat(1024 * 1024 + 1) })],
])("a body that cannot be taken is refused as %s", async (code, status, init) => {
  const server = await startTestServer({ createGroup: async () => group });
  const response = await server.fetch("/groups", init);

  expect([response.status, (await problemIn(response)).code]).toEqual([status, code]);
});

test("an unknown address is 404, a wrong method 405 with the right ones, a broken address 400", async () => {
  const server = await startTestServer({});

  expect((await problemIn(await server.fetch("/nothing"))).code).toBe("not-found");
  const wrong = await server.fetch("/groups", { method: "DELETE" });
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, POST, HEAD"]);
  expect((await problemIn(wrong)).code).toBe("method-not-allowed");
  expect((await server.fetch("/groups/%zz")).status).toBe(400);
});

test("a refusal says what its handler says; a bug says nothing of itself", async () => {
  const server = await startTestServer({
    showGroup: async () => {
      throw new ApiError("not-found", "There is no such group.");
    },
    listGroups: async () => {
      throw new TypeError("secret detail");
    },
  });

  expect(await problemIn(await server.fetch(`/groups/${group.id}`))).toMatchObject({
    code: "not-found",
    status: 404,
    detail: "There is no such group.",
  });
  const bug = await server.fetch("/groups");
  expect(bug.status).toBe(500);
  expect(await bug.text()).not.toContain("secret detail");
});

test("another site cannot use a visitor's session, and a program with a key need not name a site", async () => {
  const server = await startTestServer({ deleteGroup: async () => undefined });
  const removed = (headers: Record<string, string>) =>
    server.fetch(`/groups/${group.id}`, { method: "DELETE", headers });
  const cookie = "moult.session=admin";

  for (const foreign of [
    { cookie, origin: "https://evil.example" },
    { cookie, origin: "null" },
    { cookie, "sec-fetch-site": "cross-site" },
    { cookie, "sec-fetch-site": "same-site", origin: "https://moult.example.org" },
  ]) {
    const response = await removed(foreign);
    expect([response.status, (await problemIn(response)).code]).toEqual([403, "forbidden"]);
  }
  for (const own of [
    { cookie },
    { cookie, origin: "https://moult.example.org" },
    { cookie, origin: `http://127.0.0.1:${server.port}` },
    { cookie, "sec-fetch-site": "same-origin" },
    { authorization: "Bearer admin", origin: "https://evil.example" },
  ])
    expect((await removed(own)).status).toBe(204);
});

test("another site cannot sign a visitor in", async () => {
  const server = await startTestServer({
    signIn: async (_context, { body }) => ({
      tenantId: group.id as never,
      tenantName: "default",
      kind: "user",
      name: body.email,
      email: body.email,
      role: "admin",
      permissions: [],
    }),
  });
  const signIn = (headers: Record<string, string>) =>
    server.fetch("/session", json({ email: "a@example.org", password: "p" }, headers));

  expect((await signIn({ "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await signIn({})).status).toBe(200);
});
