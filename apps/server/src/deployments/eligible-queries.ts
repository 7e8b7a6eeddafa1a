import type { DeploymentId, ProductName, ReleaseId, TenantId } from "@moult/model";
import { heldBackFrom, PLACES } from "@moult/planner";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { NamedStage } from "./named-stages.ts";
import { asksQueries, scopeConditions } from "./scope-queries.ts";
import type { TargetRecord } from "./target-record.ts";
import { scopeOf } from "./target-scope.ts";

/** What says which devices a deployment is for. */
export interface Target {
  readonly id: DeploymentId;
  readonly product: ProductName;
  readonly releaseId: ReleaseId;
  readonly target: TargetRecord;
  readonly salt: number;
  /** Whom the first stages of its plan name, one for each. */
  readonly namedStages: readonly NamedStage[];
}

/** `placeOf` in SQL. The cast keeps SQLite from multiplying floating-point numbers, which the product does not fit. */
export const placeIn = (salt: number) =>
  sql<number>`(draw * cast(${salt} as bigint)) % ${sql.lit(PLACES)}`;

/**
 * Accepted devices of the target that the release has an artifact for, without those that it holds back. Where queries decide also
 * those that were admitted: a group of all that run less than 2.0 would lose each device that a deployment brings to 2.0, and its
 * shares would shrink under it.
 */
export function eligibleDevices(db: TenantDb, target: Target) {
  const { salt } = target;
  const { holdBackPercent } = target.target;
  return targetDevices(db, target).$if(holdBackPercent !== null, (query) =>
    query.where(placeIn(salt), "<", heldBackFrom(holdBackPercent)),
  );
}

/** Those that it would be for, and holds back. */
export const heldBackDevices = (db: TenantDb, target: Target) =>
  targetDevices(db, target).where(
    placeIn(target.salt),
    ">=",
    heldBackFrom(target.target.holdBackPercent),
  );

function targetDevices(
  db: TenantDb,
  { id, product, releaseId, target }: Omit<Target, "namedStages">,
) {
  const { tenantId } = db;
  const query = db.kysely
    .selectFrom("device")
    .where("device.tenant_id", "=", tenantId)
    .where("device.product", "=", product)
    .where("device.state", "=", "accepted")
    .where("device.hardware_type", "in", (row) =>
      row
        .selectFrom("artifact_fit")
        .select("artifact_fit.hardware_type")
        .where("artifact_fit.tenant_id", "=", tenantId)
        .where("artifact_fit.release_id", "=", releaseId),
    );
  const scope = scopeOf({ id, target });
  return query.where((row) => {
    const isIn = row.and(scopeConditions(db, row, scope));
    if (!asksQueries(scope)) return isIn;
    const isAdmitted = row.exists(
      row
        .selectFrom("assignment as admitted")
        .select("admitted.id")
        .whereRef("admitted.device_id", "=", "device.id")
        .where(besideIndex(db, sql.ref<TenantId>("admitted.tenant_id")), "=", tenantId)
        .where("admitted.deployment_id", "=", id),
    );
    return row.or([isIn, isAdmitted]);
  });
}
