import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  HANDLED,
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
} from "../cli.fixture.ts";
import { AT } from "../model.fixture.ts";

const ADA_ID = "0198c0de-000a-7000-8000-000000000001";
const BOB_ID = "0198c0de-000b-7000-8000-000000000001";
const person = (id: string, name: string, role: string, isYou = false) => ({
  id,
  name,
  email: `${name.toLowerCase()}@example.org`,
  role,
  invitedBy: isYou ? null : "Ada",
  createdAt: AT,
  apiKeys: 2,
  isYou,
});
const ada = person(ADA_ID, "Ada", "admin", true);
const bob = person(BOB_ID, "Bob", "operator");
const invitation = {
  id: "0198c0de-000c-7000-8000-000000000001",
  email: "cy@example.org",
  role: "viewer",
  invitedBy: "Ada",
  createdAt: AT,
  expiresAt: AT,
};
const CODE = `mi_${"A".repeat(43)}`;
const link = `https://moult.example.org/accept-invitation#${CODE}`;
const me = {
  tenantId: "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11",
  tenantName: "Fjord",
  kind: "user",
  name: "Cy",
  email: "cy@example.org",
  role: "viewer",
  permissions: ["fleet:read", "self"],
};

let home = "";
let server: ApiServer | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "moult-home-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(home, { recursive: true });
});

async function moult(line: readonly string[], options: CliOptions = {}) {
  const sent: unknown[] = [];
  const said =
    <T>(answer: T) =>
    ({ params, body }: { readonly params: unknown; readonly body: unknown }): T => {
      sent.push(body ?? params);
      return answer;
    };
  server = await startApiServer({
    showSetup: () => ({ needed: false }),
    listPeople: () => ({ items: [ada, bob] }),
    listApprovers: () => ({ items: [{ name: "Bob", email: bob.email, role: "operator" }] }),
    listInvitations: () => ({ items: [invitation] }),
    invitePerson: said({ invitation, code: CODE, link }),
    revokeInvitation: said(null),
    changePerson: said({ ...bob, role: "viewer" }),
    removePerson: said(null),
    showInvitation: ({ body }) => {
      sent.push(body);
      return { ...invitation, tenantName: "Fjord" };
    },
    acceptInvitation: ({ body, response }) => {
      sent.push(body);
      const headers = { "content-type": "application/json", "set-cookie": "moult.session_token=s" };
      response.writeHead(200, headers).end(JSON.stringify(me));
      return HANDLED;
    },
    createApiKey: ({ request }) =>
      request.headers.cookie === "moult.session_token=s"
        ? {
            key: { ...invitation, name: "moult on here", start: "mk_1", lastUsedAt: null },
            secret: "mk_1",
          }
        : new Refusal(401, "unauthenticated", "No session."),
    signOut: () => null,
  });
  const environment = { ...signedInTo(server), XDG_CONFIG_HOME: home };
  const ended = await runMoult(line, { environment, ...options });
  return { ...ended, sent, url: server.url };
}

test("people, approvers and invitations are listed", async () => {
  expect((await moult(["people", "list"])).out).toMatch(/bob@example\.org +Bob +operator +2 +Ada/);
  await server?.close();
  expect((await moult(["people", "approvers"])).out).toMatch(/bob@example\.org +Bob +operator/);
  await server?.close();
  expect((await moult(["people", "invitations"])).out).toMatch(/cy@example\.org +viewer +Ada/);
});

test("the link of an invitation stands alone on standard output", async () => {
  const line = ["people", "invite", "cy@example.org", "--role", "viewer", "--expires-in-days", "2"];
  const { code, out, err, sent } = await moult(line);

  expect(code).toBe(0);
  expect(out).toBe(link);
  expect(err).toContain("Invited cy@example.org as viewer");
  expect(sent).toEqual([{ email: "cy@example.org", role: "viewer", expiresInDays: 2 }]);
});

test.each(["Cy@Example.org", invitation.id])("an invitation is revoked by %s", async (text) => {
  expect(await moult(["people", "revoke-invitation", text])).toMatchObject({
    code: 0,
    sent: [{ invitationId: invitation.id }],
  });
});

test.each(["bob@example.org", "Bob", BOB_ID, BOB_ID.slice(0, 13)])(
  "somebody is named by %s",
  async (text) => {
    const { code, out, sent } = await moult(["people", "change", text, "--role", "viewer"]);
    expect({ code, sent }).toEqual({ code: 0, sent: [{ role: "viewer" }] });
    expect(out).toContain("bob@example.org");
  },
);

test("somebody unknown is not guessed, and says where to look", async () => {
  const { code, err, sent } = await moult(["people", "remove", "eve", "--yes"]);
  expect(code).not.toBe(0);
  expect(err).toContain("moult people list");
  expect(sent).toEqual([]);
});

test("removing somebody says who it is, and asks", async () => {
  const unanswered = await moult(["people", "remove", "bob"], { answers: ["n"] });
  expect(unanswered.sent).toEqual([]);
  expect(unanswered.err).toContain("Bob (bob@example.org, operator, 2 API keys)");
  await server?.close();
  const agreed = await moult(["people", "remove", "bob", "--yes"]);
  expect(agreed).toMatchObject({ code: 0, sent: [{ personId: BOB_ID }] });
});

test("an invitation is accepted by its whole link, and a key is kept, not the password", async () => {
  const line = ["people", "accept", "--code", link, "--name", "Cy", "--password-stdin"];
  const { code, out, err, sent, url } = await moult(line, { input: "correct horse battery" });

  expect({ code, out }).toEqual({ code: 0, out: `Signed in to ${url} as Cy (viewer).` });
  expect(err).toContain('Ada invites cy@example.org to "Fjord" as viewer.');
  expect(sent).toEqual([
    { code: CODE },
    { code: CODE, name: "Cy", password: "correct horse battery" },
  ]);
  const stored = readFileSync(join(home, "moult", "config.json"), "utf8");
  expect(stored).toContain("mk_1");
  expect(stored).not.toContain("battery");
});
