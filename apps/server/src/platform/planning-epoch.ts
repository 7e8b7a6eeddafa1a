import type { DeviceId } from "@moult/model";
import type { TenantDb } from "./tenant-db.ts";

/** `device.decided_epoch` of a device whose next check-in must be decided anew; below every planning epoch. */
export const UNDECIDED_EPOCH = -1;

/**
 * Makes every device of the tenant be decided anew at its next check-in. Whatever could change the answer to more than one
 * device calls it, in the transaction that changes it. Call it last: it takes the tenant's row until the commit.
 */
export async function raisePlanningEpoch(db: TenantDb): Promise<void> {
  await db.kysely
    .updateTable("tenant")
    .set((row) => ({ planning_epoch: row("planning_epoch", "+", 1) }))
    .where("id", "=", db.tenantId)
    .execute();
}

/** Makes one device be decided anew, for a change that concerns no other one. */
export async function forgetDecision(db: TenantDb, deviceId: DeviceId): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ decided_epoch: UNDECIDED_EPOCH, next_decision_at: null })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}
