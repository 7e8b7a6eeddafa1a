import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operations, type OperationId } from "@moult/api";
import { createClient, createCookieJar } from "@moult/client";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Client } from "pg";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { OPERATION_CALLS, send, type OperationCall } from "./operation-calls.fixture.ts";
import { postgresServerSql, sqliteServerSql, type ServerSql } from "./server-sql.fixture.ts";
import { insertTenant, makeFleet, type TenantFleet } from "./tenant-fleet.fixture.ts";

const IDS = Object.keys(operations) as OperationId[];
const DIALECTS = ["sqlite", "postgres"] as const;
/** Columns of devices that are written some time after they were heard of. */
const HEARD = {
  last_seen_at: null,
  habit_since: null,
  habit_longest: null,
  habit_longest_before: null,
};

/** Its own database on the PostgreSQL of this test run. */
async function createPostgresDatabase(): Promise<string> {
  const [url = ""] = inject("postgresUrls");
  const name = `attack_${randomBytes(6).toString("hex")}`;
  const client = new Client({ connectionString: url.replace("{database}", "postgres") });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return url.replace("{database}", name);
}

/** The first administrator's key, which works for the tenant that the server was made with. */
async function setUp(server: LocalServer): Promise<string> {
  const client = createClient({
    baseUrl: server.url,
    credentials: { kind: "cookies", jar: createCookieJar() },
  });
  await client.call("completeSetup", {
    body: {
      setupCode: await server.setupCode(),
      name: "Eve",
      email: "eve.admin@example.org",
      password: "an attacker's own password",
    },
  });
  const { secret } = await client.call("createApiKey", { body: { name: "eve", role: "admin" } });
  return secret;
}

describe.each(DIALECTS)("two tenants of one server on %s", (dialect) => {
  let folder: string;
  let server: LocalServer;
  let sql: ServerSql;
  let victim: TenantFleet;
  let attacker: TenantFleet;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "moult-tenants-"));
    const dataFolder = join(folder, "data");
    const databaseUrl = dialect === "postgres" ? await createPostgresDatabase() : "sqlite";
    server = await startLocalServer({
      dataFolder,
      settings: { MOULT_TLS_MODE: "off", MOULT_DATABASE_URL: databaseUrl },
    });
    sql =
      dialect === "postgres"
        ? await postgresServerSql(databaseUrl)
        : sqliteServerSql(join(dataFolder, "moult.sqlite"));
    const apiKey = await setUp(server);
    const { tenantId } = await createClient({
      baseUrl: server.url,
      credentials: { kind: "api-key", apiKey },
    }).call("showSystem");
    attacker = await makeFleet(server.url, { tenantId, apiKey }, "attacker-mark", sql);
    victim = await makeFleet(server.url, await insertTenant(sql, "victim"), "victim-mark", sql);
  });
  afterAll(async () => {
    await sql?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Every row of the victim's, from every table that has tenants; when its devices are heard of is written later. */
  async function victimRows(): Promise<Readonly<Record<string, readonly unknown[]>>> {
    const rows: Record<string, readonly unknown[]> = {};
    for (const table of await sql.tenantTables())
      rows[table] = (
        await sql.rows(`select * from "${table}" where tenant_id = ?`, victim.tenantId)
      )
        .map((row) => JSON.stringify({ ...row, ...HEARD }))
        .sort();
    return rows;
  }

  /** What of the victim stands in an answer, beyond what the request itself named. */
  const leaks = (text: string, call: OperationCall): readonly string[] => {
    const said = JSON.stringify(call);
    return victim.secrets.filter((secret) => text.includes(secret) && !said.includes(secret));
  };

  test("each has one of everything, so that there is something to reach", async () => {
    const rows = await victimRows();

    expect(Object.keys(rows).length).toBeGreaterThan(15);
    expect(Object.keys(rows).filter((table) => rows[table]?.length === 0)).toEqual([]);
  });

  test.each(IDS)(
    "%s reaches nothing of the other tenant's, and changes nothing there",
    async (id) => {
      const before = await victimRows();
      for (const call of OPERATION_CALLS[id](victim, attacker)) {
        const { status, text } = await send(server.url, id, call, attacker.apiKey);

        expect(status, `${id} ${JSON.stringify(call)}: ${text}`).not.toBe(500);
        expect(leaks(text, call), `${id} ${JSON.stringify(call)}`).toEqual([]);
        if (namesForeignThing(call)) expect(text, `${id} ${JSON.stringify(call)}`).toMatch(REFUSED);
      }
      expect(await victimRows()).toEqual(before);
    },
  );

  /** Products have names, not ids, and both tenants' are called alike: those calls rightly reach one's own. */
  const namesForeignThing = (call: OperationCall): boolean => {
    const said = JSON.stringify({ params: call.params, body: call.body });
    return victim.secrets.some((secret) => said.includes(secret));
  };
  const REFUSED = /"code":"(?:not-found|target-empty)"/;

  test.each([
    ["HEAD", {}],
    ["PATCH", { "upload-offset": "0", "content-type": "application/offset+octet-stream" }],
    ["DELETE", {}],
  ] as const)("%s by tus reaches no upload of the other tenant's", async (method, headers) => {
    const tus = (fleet: TenantFleet): Promise<Response> =>
      fetch(`${server.url}/api/v1/uploads/${victim.uploadId}`, {
        method,
        headers: {
          authorization: `Bearer ${fleet.apiKey}`,
          "tus-resumable": "1.0.0",
          ...headers,
        },
        ...(method === "PATCH" ? { body: "bytes of a stranger" } : {}),
      });
    const before = await victimRows();
    const answer = await tus(attacker);

    expect(answer.status).toBe(404);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("upload-"))).toEqual([]);
    const text = await answer.text();
    expect(victim.secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(await victimRows()).toEqual(before);
    if (method === "HEAD") expect((await tus(victim)).status).toBe(200);
  });

  test.each(IDS.filter((id) => operations[id].permission === "fleet:read"))(
    "%s shows the tenant's own things, so the refusals above are about the tenant",
    async (id) => {
      for (const call of OPERATION_CALLS[id](victim, victim)) {
        const { status, text } = await send(server.url, id, call, victim.apiKey, "data: ");

        expect([status, id, text.includes('"code"') && status !== 200]).toEqual([200, id, false]);
        if (operations[id].replyKind === "events") expect(text).toContain("data: ");
      }
    },
  );

  test("what changes something works on one's own things, and only there", async () => {
    const changing = IDS.filter(
      (id) =>
        operations[id].method !== "GET" && !["completeSetup", "signIn", "signOut"].includes(id),
    );
    const inOrder = changing.toSorted((one, other) => rank(one) - rank(other));
    const before = await victimRows();
    const refused: string[] = [];
    for (const id of inOrder)
      for (const call of OPERATION_CALLS[id](attacker, attacker)) {
        const { text } = await send(server.url, id, call, attacker.apiKey);
        if (text.includes('"code":"not-found"')) refused.push(`${id}: ${text}`);
      }

    expect(refused).toEqual([]);
    expect(await victimRows()).toEqual(before);
  });

  /** What takes things away comes last, and what others hang on after them. */
  const rank = (id: OperationId): number =>
    [
      "abortDeployment",
      "decommissionDevice",
      "deleteArtifact",
      "deleteGroup",
      "deleteRelease",
    ].indexOf(id) + (operations[id].method === "DELETE" ? 1 : 0);
});
