import type { AssignmentId, DeploymentId, DeviceId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentFrom, type AssignmentRecord } from "./assignment-queries.ts";

/** The device's row in a deployment. */
export async function assignmentIn(
  db: TenantDb,
  deploymentId: DeploymentId,
  deviceId: DeviceId,
): Promise<AssignmentRecord | undefined> {
  const row = await db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("device_id", "=", deviceId)
    .executeTakeFirst();
  return row === undefined ? undefined : assignmentFrom(row);
}

/** Waits for its next try with all its tries before it. */
export async function giveTriesAnew(
  db: TenantDb,
  { id, attempt }: { readonly id: AssignmentId; readonly attempt: number },
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({
      state: "retry-pending",
      outcome: null,
      code: null,
      detail: null,
      tries_after: attempt,
      updated_at: at,
      closed_at: null,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

/** False when it was sent ahead already. */
export async function beginForce(
  db: TenantDb,
  deploymentId: DeploymentId,
  deviceId: DeviceId,
  by: string,
  at: number,
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("deployment_forced")
    .values({
      tenant_id: db.tenantId,
      deployment_id: deploymentId,
      device_id: deviceId,
      forced_by: by,
      forced_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("device_id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** Whether anybody was sent ahead who has not been offered it since. */
export async function hasForced(db: TenantDb, deploymentId: DeploymentId): Promise<boolean> {
  const row = await db.kysely
    .selectFrom("deployment_forced")
    .select("device_id")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function endForce(
  db: TenantDb,
  deploymentId: DeploymentId,
  deviceId: DeviceId,
): Promise<void> {
  await db.kysely
    .deleteFrom("deployment_forced")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("device_id", "=", deviceId)
    .execute();
}
