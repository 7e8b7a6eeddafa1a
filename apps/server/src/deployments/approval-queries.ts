import { may, ROLES } from "@moult/api";
import type { DeploymentId, UserId } from "@moult/model";
import { approvedStages } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";
import { approvalCounts, type StoredApproval } from "./stored-approvals.ts";

const MAY_APPROVE = ROLES.filter((role) => may(role, "deployments:write"));

export interface PossibleApprover {
  readonly userId: UserId;
  /** In lower case. */
  readonly email: string;
}

/** Everybody whose role lets them approve stages of deployments that others make. */
export async function possibleApprovers(db: TenantDb): Promise<PossibleApprover[]> {
  const rows = await db.kysely
    .selectFrom("operator")
    .innerJoin("auth_user", "auth_user.id", "operator.user_id")
    .select(["operator.user_id", "auth_user.email"])
    .where("operator.tenant_id", "=", db.tenantId)
    .where("operator.role", "in", MAY_APPROVE)
    .execute();
  return rows.map(({ user_id: userId, email }) => ({ userId, email }));
}

/** The addresses of those who may approve what `makerId` makes; null: what nobody of them makes. */
export const approversBut = async (db: TenantDb, makerId: UserId | null): Promise<string[]> =>
  (await possibleApprovers(db)).flatMap(({ userId, email }) => (userId === makerId ? [] : [email]));

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
