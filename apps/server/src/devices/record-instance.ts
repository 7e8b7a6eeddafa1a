import type { InstantMs } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import { forgetDecision } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { decideInstance, type InstanceDecision } from "./decide-instance.ts";
import { instancesOf, markIdentityConflict, setInstances } from "./queries.ts";

/**
 * Keeps which start of the agent speaks for a device, in the caller's transaction. When an earlier one comes back after
 * another took over, the device gets no offers until an operator accepts it again. Not needed when `instanceId` is the
 * one the device row has.
 */
export async function recordInstance(
  db: TenantDb,
  deviceId: DeviceId,
  instanceId: string,
  at: InstantMs,
): Promise<InstanceDecision> {
  const known = await instancesOf(db, deviceId);
  if (known === undefined) return "same";
  const decision = decideInstance(known, instanceId);
  if (decision === "same") return decision;

  await setInstances(db, deviceId, { instanceId, previousInstanceId: known.instanceId });
  if (decision === "conflict" && (await markIdentityConflict(db, deviceId, at))) {
    await appendEvent(db, {
      at,
      deviceId,
      body: {
        kind: "device-identity-conflict",
        detail:
          "Two machines take turns with this device's key. Find the copy and let it make a key of its own, then accept the device again.",
      },
    });
    await forgetDecision(db, deviceId);
  }
  return decision;
}
