import { MINUTE_MS, type InstantMs } from "@moult/base";
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
    .set((row) => ({
      planning_epoch: row("planning_epoch", "+", 1),
      planning_epoch_due_at: null,
    }))
    .where("id", "=", db.tenantId)
    .execute();
}

/** Some check-ins of a fleet: being decided anew that often costs it little. */
const DUE_AFTER_MS = 15 * MINUTE_MS;

/**
 * The same a quarter of an hour later at the latest, for what a device changes by its own word: however often it says something
 * else, it makes the fleet be decided anew once in that time. Call it last, too.
 */
export async function raisePlanningEpochSoon(db: TenantDb, at: InstantMs): Promise<void> {
  await db.kysely
    .updateTable("tenant")
    .set((row) => ({
      planning_epoch_due_at: row.fn.coalesce("planning_epoch_due_at", row.val(at + DUE_AFTER_MS)),
    }))
    .where("id", "=", db.tenantId)
    .execute();
}

/** Raises the epoch for what has waited long enough. */
export async function raiseDueEpoch(db: TenantDb, at: InstantMs): Promise<void> {
  const due = await db.kysely
    .selectFrom("tenant")
    .select("id")
    .where("id", "=", db.tenantId)
    .where("planning_epoch_due_at", "<=", at)
    .executeTakeFirst();
  if (due !== undefined) await db.transaction(raisePlanningEpoch);
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
