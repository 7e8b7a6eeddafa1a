import { may, ROLES } from "@moult/api";
import type { DeploymentId, UserId } from "@moult/model";
import { approvedStages } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";
import { approvalCounts, type StoredApproval } from "./stored-approvals.ts";

const MAY_APPROVE = ROLES.filter((role) => may(role, "deployments:write"));

/** E-mail addresses of the people who may approve stages of a deployment that `makerId` makes; null: that nobody of them makes. */
export async function approversBut(db: TenantDb, makerId: UserId | null): Promise<string[]> {
  let query = db.kysely
    .selectFrom("operator")
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select("auth_user.email")
    .where("operator.tenant_id", "=", db.tenantId)
    .where("operator.role", "in", MAY_APPROVE);
  if (makerId !== null) query = query.where("operator.user_id", "!=", makerId);
  return (await query.execute()).map(({ email }) => email);
}

/** The deployment's row is held by the caller. */
export async function setApprovals(
  db: TenantDb,
  { id, plan }: Pick<DeploymentRecord, "plan"> & { readonly id: DeploymentId },
  approvals: readonly StoredApproval[],
): Promise<void> {
  await db.kysely
    .updateTable("deployment")
    .set({
      approvals: approvals.length === 0 ? null : JSON.stringify(approvals),
      approved_stages: approvedStages(plan, approvalCounts(plan, approvals)),
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}
