import type { AssignmentId, DeploymentId, Plan } from "@moult/model";
import { siteOf, type LimitClaim, type SiteFacts } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";

// Whoever changes these counts holds the deployment's row.

interface Limited {
  readonly id: DeploymentId;
  readonly plan: Plan;
}

/** How full the site is of a device that has these attributes; null where the plan limits no sites. */
export async function siteFacts(
  db: TenantDb,
  { id, plan }: Limited,
  attributes: Readonly<Record<string, string>>,
): Promise<SiteFacts | null> {
  if (plan.limits.perSite === undefined) return null;
  const site = siteOf(plan, attributes);
  const row = await db.kysely
    .selectFrom("deployment_site")
    .select("open")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", id)
    .where("site", "=", site)
    .executeTakeFirst();
  return { site, open: row?.open ?? 0 };
}

/** The same of every site that has devices in the update, which are no more than the plan lets in. */
export async function openBySite(
  db: TenantDb,
  { id, plan }: Limited,
): Promise<ReadonlyMap<string, number>> {
  if (plan.limits.perSite === undefined) return new Map();
  const rows = await db.kysely
    .selectFrom("deployment_site")
    .select(["site", "open"])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", id)
    .where("open", ">", 0)
    .execute();
  return new Map(rows.map(({ site, open }) => [site, open]));
}

/** Counts an offer in whose claim was granted. */
export async function enterSite(
  db: TenantDb,
  deploymentId: DeploymentId,
  { site }: LimitClaim,
): Promise<void> {
  if (site === null) return;
  await db.kysely
    .insertInto("deployment_site")
    .values({ tenant_id: db.tenantId, deployment_id: deploymentId, site: site.site, open: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(["deployment_id", "site"])
        .doUpdateSet((row) => ({ open: row("deployment_site.open", "+", 1) })),
    )
    .execute();
}

/** Notes where an offer was counted: what its device says of its site may change until it ends. */
export async function setSite(
  db: TenantDb,
  assignmentId: AssignmentId,
  { site }: LimitClaim,
): Promise<void> {
  if (site === null) return;
  await db.kysely
    .updateTable("assignment")
    .set({ site: site.site })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .execute();
}

/** Counts an assignment out that is in the update no longer. */
export async function leaveSite(
  db: TenantDb,
  { id, plan }: Limited,
  assignmentId: AssignmentId,
): Promise<void> {
  if (plan.limits.perSite === undefined) return;
  await db.kysely
    .updateTable("deployment_site")
    .set((row) => ({ open: row("open", "-", 1) }))
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", id)
    .where("site", "=", (row) =>
      row
        .selectFrom("assignment")
        .select("assignment.site")
        .where("assignment.tenant_id", "=", db.tenantId)
        .where("assignment.id", "=", assignmentId)
        .$castTo<{ site: string }>(),
    )
    .execute();
}
