import type { AssignmentId, DeviceId, Sha256 } from "@moult/model";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { logOf, openOfferContent, replaceLog } from "./assignment-queries.ts";

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

/** Adds lines to the log of a try; the oldest give way where it becomes too long. */
export async function appendAttemptLog(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  lines: readonly string[],
): Promise<boolean> {
  if (lines.length === 0) return true;
  const before = (await logOf(db, assignmentId, attempt)) ?? "";
  const content = `${before}${lines.map((line) => `${line}\n`).join("")}`.slice(-LOG_LENGTH_MAX);
  return saveAttemptLog(db, deviceId, assignmentId, attempt, content);
}

const LOG_LENGTH_MAX = 1024 * 1024;
