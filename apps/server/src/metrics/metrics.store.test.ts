import type { AddressInfo } from "node:net";
import { DAY_MS } from "@moult/base";
import type { Role } from "@moult/api";
import { expect, describe, test } from "vitest";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { closeHttpServer, createHttpServer } from "../platform/http/http-server.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { metricsRoutes } from "./index.ts";

describe.each(DIALECTS)("metrics on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function ask(db: TenantDb, key: string | undefined): Promise<Response> {
    const app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
    const { principal } = asOperator(db);
    metricsRoutes(app, {
      database: store.database,
      authenticator: {
        principalOf: async ({ apiKey }) =>
          apiKey === "good" ? { ...principal, kind: "api-key", role: "viewer" as Role } : undefined,
      },
      publicUrl: () => "https://moult.example.org",
      clock: { now: () => TEST_NOW },
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
    const text = await answer.text();
    await closeHttpServer(app, 100);
    return new Response(text, { status: answer.status, headers: answer.headers });
  }

  test("say when signatures end, to whoever may read the fleet and to nobody else", async () => {
    const db = await store.newTenant();
    const stranger = await store.newTenant();
    for (const [of, role, days] of [
      [db, "gw2.prod", 3],
      [stranger, "secret.prod", 9],
    ] as const)
      await of.transaction(async ({ kysely, tenantId }) => {
        await kysely
          .insertInto("trust_role")
          .values({
            tenant_id: tenantId,
            role,
            product: null,
            channel: null,
            version: 1,
            expires_at: TEST_NOW + days * DAY_MS,
            threshold: 1,
            keyids: "[]",
            target_count: 0,
            warned: null,
          })
          .execute();
      });

    const answer = await ask(db, "good");
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(text).toContain('moult_trust_role_expires_in_seconds{role="gw2.prod"} 259200');
    expect(text).toContain("moult_trust_open_proposals 0");
    expect(text).toContain("moult_process_resident_memory_bytes");
    expect(text).not.toContain("secret.prod");
    expect((await ask(db, undefined)).status).toBe(401);
    expect((await ask(db, "guess")).status).toBe(401);
  });
});
