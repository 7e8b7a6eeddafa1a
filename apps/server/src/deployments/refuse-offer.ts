import type { InstantMs } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { noteSignerRefusal } from "./assignment-queries.ts";
import type { Offer } from "./plan-device.ts";

/** Says why the signer does not sign an offer, once for each try and reason, in the caller's transaction. */
export async function noteRefusedOffer(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, deploymentId, attempt, artifactName: version }: Offer,
  reason: string,
  at: InstantMs,
): Promise<void> {
  if (!(await noteSignerRefusal(db, assignmentId, attempt, reason))) return;
  const body = { kind: "offer-not-signed", attempt, version, reason } as const;
  await appendEvent(db, { at, deviceId, deploymentId, assignmentId, body });
}
