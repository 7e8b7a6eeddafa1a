import type { AssignmentId, DeviceId, Sha256 } from "@moult/model";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { openOfferContent, replaceLog } from "./assignment-queries.ts";

/** The only content that a device may read: what its open offer names. */
export interface OfferedContent {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

export function openOffer(db: TenantDb, deviceId: DeviceId): Promise<OfferedContent | undefined> {
  return openOfferContent(db, deviceId);
}

/** Keeps a device's log of one of its tries; the same again replaces it. False when the try is none of the device's. */
export function saveAttemptLog(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  content: string,
): Promise<boolean> {
  return replaceLog(db, deviceId, assignmentId, attempt, storableText(content));
}
