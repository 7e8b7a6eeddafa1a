import type { AssignmentId, DeploymentId } from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Of an assignment: its device says that it keeps what it downloaded until it may install it. */
export const keepsDownload = () =>
  sql<boolean>`coalesce(assignment.deferral, '') like '%"code":"installation-not-open"%'`;

/** Devices that kept a download were silent by their deployment's wish: their time begins now. */
export async function touchHeldInstallations(
  db: TenantDb,
  deploymentId: DeploymentId,
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({ updated_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("closed_at", "is", null)
    .where(keepsDownload())
    .execute();
}

/** Notes that the device was told that it may install. */
export async function noteInstallationTold(
  db: TenantDb,
  assignmentId: AssignmentId,
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({ installation_told: 1 })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .where("installation_told", "=", 0)
    .execute();
}
