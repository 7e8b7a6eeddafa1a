import type { AssignmentState, DeploymentId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentFrom, type AssignmentRecord } from "./assignment-queries.ts";

/** An assignment that has not been heard of, and when its device was last seen at all. */
export interface QuietAssignment {
  readonly assignment: AssignmentRecord;
  readonly lastSeenAt: number | null;
}

/**
 * Assignments of a deployment without an end and without news since `before`, the quietest first. A device that puts its
 * update off has no news as long as its reasons last, so there it is enough that the device was seen.
 */
export async function quietAssignments(
  db: TenantDb,
  deploymentId: DeploymentId,
  states: readonly AssignmentState[],
  before: number,
  limit: number,
): Promise<QuietAssignment[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("device", "device.id", "assignment.device_id")
    .selectAll("assignment")
    .select("device.last_seen_at as last_seen_at")
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.closed_at", "is", null)
    .where("assignment.updated_at", "<=", before)
    .where("assignment.deployment_id", "=", deploymentId)
    .where("assignment.state", "in", states)
    .where("device.tenant_id", "=", db.tenantId)
    .where((row) =>
      row.or([
        row("assignment.deferral", "is", null),
        row("device.last_seen_at", "is", null),
        row("device.last_seen_at", "<=", before),
      ]),
    )
    .orderBy("assignment.updated_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ assignment: assignmentFrom(row), lastSeenAt: row.last_seen_at }));
}

/**
 * Assignments of a deployment that have been at the same for too long: in these states, since `before` or longer. A device
 * that puts its next step off takes none of the time.
 */
export async function overdueAssignments(
  db: TenantDb,
  deploymentId: DeploymentId,
  states: readonly AssignmentState[],
  before: number,
  limit: number,
): Promise<AssignmentRecord[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("closed_at", "is", null)
    .where("deployment_id", "=", deploymentId)
    .where("state", "in", states)
    .where("deferral", "is", null)
    .where("phase_since", "<=", before)
    .orderBy("phase_since")
    .limit(limit)
    .execute();
  return rows.map(assignmentFrom);
}

/** Assignments that wait for a try which their deployment, being over, will never give. */
export async function leftOverAssignments(
  db: TenantDb,
  limit: number,
): Promise<AssignmentRecord[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .selectAll("assignment")
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.closed_at", "is", null)
    .where("assignment.state", "=", "retry-pending")
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("deployment.state", "in", ["aborted", "finished"])
    .orderBy("assignment.updated_at")
    .limit(limit)
    .execute();
  return rows.map(assignmentFrom);
}
