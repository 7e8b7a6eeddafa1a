import type { DeploymentId } from "@moult/model";
import type { LimitClaim, TallyCounter } from "@moult/planner";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { COLUMN_OF, deploymentFrom, holdDeployment, type DeploymentRecord } from "./queries.ts";

/** What a claim takes, and under which bounds. */
export interface PlaceClaim extends LimitClaim {
  readonly deploymentId: DeploymentId;
  readonly placesMax: number | null;
  readonly approvedMin: number | null;
  readonly from: TallyCounter | null;
  readonly to: TallyCounter;
  /** Whether this device is offered the release for the first time. */
  readonly isFirst: boolean;
}

/**
 * Takes the places of one device in one statement, so that no limit is exceeded by however many servers ask at once.
 * Undefined when a limit is reached or the deployment does not run.
 */
export async function claimPlace(
  db: TenantDb,
  claim: PlaceClaim,
): Promise<DeploymentRecord | undefined> {
  const { deploymentId, openMax, placesMax, offersMax, stage, bytes, approvedMin } = claim;
  const { site, from, to, isFirst } = claim;
  const siteMax = site?.openMax ?? null;
  // A site's count stands in a row of its own. With the deployment's held first, the claim sees it as it is.
  if (siteMax !== null) await holdDeployment(db, deploymentId);
  let query = db.kysely
    .updateTable("deployment")
    .set((row) => ({
      ...(from === null ? {} : { [COLUMN_OF[from]]: row(COLUMN_OF[from], "-", 1) }),
      [COLUMN_OF[to]]: row(COLUMN_OF[to], "+", 1),
      ...(isFirst ? { admitted: row("admitted", "+", 1) } : {}),
      ...(to === "open" ? { offers: row("offers", "+", 1) } : {}),
      ...(bytes === null ? {} : { offered_bytes: row("offered_bytes", "+", bytes.more) }),
    }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .where("state", "=", "running");
  if (openMax !== null) query = query.where("open", "<", openMax);
  if (approvedMin !== null) query = query.where("approved_stages", ">=", approvedMin);
  if (placesMax !== null)
    query = query.where(sql<boolean>`admitted + already_running - aborted < ${placesMax}`);
  if (offersMax !== null) query = query.where("offers", "<", offersMax);
  if (stage !== null) query = query.where("stage", "=", stage);
  if (bytes !== null && bytes.takenMax !== null)
    query = query.where("offered_bytes", "<=", bytes.takenMax - bytes.more);
  if (site !== null && siteMax !== null)
    query = query.where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom("deployment_site as full")
            .select("full.site")
            .where("full.tenant_id", "=", db.tenantId)
            .where("full.deployment_id", "=", deploymentId)
            .where("full.site", "=", site.site)
            .where("full.open", ">=", siteMax),
        ),
      ),
    );
  const row = await query.returningAll().executeTakeFirst();
  return row === undefined ? undefined : deploymentFrom(row);
}
