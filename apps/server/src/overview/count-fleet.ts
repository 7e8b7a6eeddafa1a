import type { DeviceContact, DeviceState, Overview, ProductName } from "@moult/model";
import { fleetContact } from "../devices/index.ts";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productNames } from "../products/index.ts";
import { countConflicts, countPendingKeys, runningCounts } from "./queries.ts";

/** What of an overview takes a walk over the fleet. */
export interface FleetCounts {
  readonly countedAt: number;
  readonly byContact: Record<DeviceContact, number>;
  readonly byState: Record<DeviceState, number>;
  /** Accepted devices by what they run. */
  readonly byRunning: readonly Omit<Overview["byRunning"][number], "isMoving">[];
  readonly conflicts: number;
  readonly pendingKeys: number;
}

/** Counts one product or all of them, one after the other, so that nothing else waits for more than one. */
export async function countFleet(
  db: TenantDb,
  product: ProductName | undefined,
  clock: { readonly now: number; readonly checkInSeconds: number },
): Promise<FleetCounts> {
  const byState = { pending: 0, accepted: 0, rejected: 0, decommissioned: 0 };
  const byRunning: { product: ProductName; artifactName: string | null; count: number }[] = [];
  for (const name of product === undefined ? await productNames(db) : [product]) {
    await othersTurn();
    const accepted = new Map<string | null, number>();
    for (const { state, artifactName, count } of await runningCounts(db, name)) {
      byState[state] += count;
      if (state === "accepted")
        accepted.set(artifactName, (accepted.get(artifactName) ?? 0) + count);
    }
    for (const [artifactName, count] of accepted)
      byRunning.push({ product: name, artifactName, count });
  }
  await othersTurn();
  const byContact = await fleetContact(db, product, clock);
  await othersTurn();
  return {
    countedAt: clock.now,
    byContact,
    byState,
    byRunning,
    conflicts: await countConflicts(db, product),
    pendingKeys: await countPendingKeys(db, product),
  };
}
