import { SECOND_MS, present, type Clock } from "@moult/base";
import type { FastifyInstance } from "fastify";
import { Gauge, Registry, collectDefaultMetrics } from "prom-client";
import type { Database } from "../platform/database.ts";
import { authorise, type Authenticator } from "../platform/http/authorise.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { trustFigures } from "../trust/index.ts";

export interface MetricsDeps {
  readonly database: Pick<Database, "tenant">;
  readonly authenticator: Authenticator;
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

/**
 * `GET /metrics` in the text format of Prometheus, for whoever has an API key that may read the fleet: the process, and what
 * of the key's tenant is worth an alarm.
 */
export function metricsRoutes(app: FastifyInstance, deps: MetricsDeps): void {
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, prefix: "moult_" });
  app.get("/metrics", async (request, reply) => {
    const principal = present(
      await authorise(request, "fleet:read", deps),
      "whoever may read the fleet is known",
    );
    const ofTenant = await tenantMetrics(deps.database.tenant(principal.tenantId), deps.clock);
    const all = Registry.merge([ofProcess, ofTenant]);
    return reply
      .header("content-type", all.contentType)
      .header("cache-control", "no-store")
      .send(await all.metrics());
  });
}

async function tenantMetrics(db: TenantDb, clock: Clock): Promise<Registry> {
  const { roles, openProposals } = await trustFigures(db);
  const registry = new Registry();
  const registers = [registry];
  const expiry = new Gauge({
    name: "moult_trust_role_expires_in_seconds",
    help: "Until the signatures of a role end; below 0 devices install nothing new under it",
    labelNames: ["role"],
    registers,
  });
  for (const { role, expiresAt } of roles)
    expiry.set({ role }, (expiresAt - clock.now()) / SECOND_MS);
  new Gauge({
    name: "moult_trust_open_proposals",
    help: "Proposals of metadata that wait for signatures or to be published",
    registers,
  }).set(openProposals);
  return registry;
}
