import { instant, type InstantMs } from "@moult/base";
import type { Plan } from "@moult/model";
import {
  bucketAt,
  DAY_WINDOW,
  forgottenBefore,
  hasRamp,
  MINUTE_WINDOW,
  NO_FLOW,
  windowBegin,
  type FlowFacts,
  type LimitClaim,
  type SiteFacts,
  type WindowRule,
  type WindowUse,
} from "@moult/planner";
import type { DeploymentFlowTable } from "../platform/limits-schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";

type Flowing = Pick<DeploymentRecord, "id" | "plan" | "offers" | "offeredBytes" | "atOpening">;

const limitsOffers = (plan: Plan): boolean => plan.limits.perMinute !== undefined || hasRamp(plan);
const limitsBytes = ({ limits }: Plan): boolean => limits.bytesPerDay !== undefined;

/** What the limits over time of a deployment's plan are judged by. */
export async function flowOf(
  db: TenantDb,
  { id, plan, offers, offeredBytes, atOpening }: Flowing,
  site: SiteFacts | null,
  at: InstantMs,
): Promise<FlowFacts> {
  return {
    offers: limitsOffers(plan)
      ? await useOf(db, id, "offers", MINUTE_WINDOW, offers, at)
      : NO_FLOW.offers,
    bytes: limitsBytes(plan)
      ? await useOf(db, id, "bytes", DAY_WINDOW, offeredBytes, at)
      : NO_FLOW.bytes,
    atOpening,
    site,
  };
}

type Flow = DeploymentFlowTable["what"];

/** As many rows as a window has buckets at most. */
async function useOf(
  db: TenantDb,
  deploymentId: DeploymentRecord["id"],
  what: Flow,
  rule: WindowRule,
  taken: number,
  now: InstantMs,
): Promise<WindowUse> {
  const rows = await db.kysely
    .selectFrom("deployment_flow")
    .select(["at", "taken_before"])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("what", "=", what)
    .where("at", ">", windowBegin(rule, now))
    .orderBy("at")
    .execute();
  return {
    taken,
    buckets: rows.map((row) => ({ at: instant(row.at), before: row.taken_before })),
  };
}

/** Notes an offer of this instant, whose claim was granted: the deployment's row is held, and counts it already. */
export async function noteOffer(
  db: TenantDb,
  { id, plan, offers, offeredBytes }: Flowing,
  { bytes }: Pick<LimitClaim, "bytes">,
  now: InstantMs,
): Promise<void> {
  if (limitsOffers(plan)) await noteTaken(db, id, "offers", MINUTE_WINDOW, offers - 1, now);
  if (bytes !== null) await noteTaken(db, id, "bytes", DAY_WINDOW, offeredBytes - bytes.more, now);
}

/**
 * Begins the bucket of an instant, unless one is there that is no older: what another server, or the same before its clock
 * went back, put there counts for as long as this. What has left the window twice over goes.
 */
async function noteTaken(
  db: TenantDb,
  deploymentId: DeploymentRecord["id"],
  what: Flow,
  rule: WindowRule,
  before: number,
  now: InstantMs,
): Promise<void> {
  const at = bucketAt(rule, now);
  const last = await db.kysely
    .selectFrom("deployment_flow")
    .select("at")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("what", "=", what)
    .orderBy("at", "desc")
    .limit(1)
    .executeTakeFirst();
  if (last !== undefined && last.at >= at) return;
  await db.kysely
    .insertInto("deployment_flow")
    .values({
      tenant_id: db.tenantId,
      deployment_id: deploymentId,
      what,
      at,
      taken_before: before,
    })
    .execute();
  await db.kysely
    .deleteFrom("deployment_flow")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("what", "=", what)
    .where("at", "<", forgottenBefore(rule, now))
    .execute();
}
