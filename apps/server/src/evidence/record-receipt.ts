import type { InstantMs } from "@moult/base";
import type { AssignmentId, DeviceId, DeviceReceiptId, Running } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { receiptProblem } from "./judge-receipt.ts";
import { insertReceipt, keysOfDevice, knownTry } from "./queries.ts";

/** The end of a try as a device reported it, with the receipt that came along. */
export interface ReportedEnd {
  readonly deviceId: DeviceId;
  readonly assignmentId: AssignmentId;
  readonly attempt: number;
  readonly outcome: string;
  readonly running: Running;
  readonly envelope: string;
}

/**
 * Keeps a receipt as it came, in the caller's transaction, also one that proves nothing: then an event says so. It decides
 * nothing about the update, so a device with a broken receipt is not held up.
 */
export async function recordReceipt(
  db: TenantDb,
  { deviceId, assignmentId, attempt, outcome, running, envelope }: ReportedEnd,
  at: InstantMs,
): Promise<void> {
  const known = await knownTry(db, deviceId, assignmentId);
  if (known === undefined) return;
  const keys = (await keysOfDevice(db, deviceId))
    .filter(({ state }) => state === "accepted")
    .map(({ publicKey }) => Buffer.from(publicKey, "base64"));
  const { tenantId } = db;
  const facts = { tenantId, deviceId, assignmentId, attempt, outcome, running, known };
  const problem = receiptProblem(envelope, keys, facts) ?? null;
  const { deploymentId } = known;
  const isNew = await insertReceipt(db, {
    id: newId<DeviceReceiptId>(),
    deviceId,
    assignmentId,
    deploymentId,
    attempt,
    outcome,
    envelope: storableText(envelope),
    problem,
    receivedAt: at,
  });
  if (isNew && problem !== null)
    await appendEvent(db, {
      at,
      deviceId,
      deploymentId,
      assignmentId,
      body: { kind: "receipt-invalid", attempt, problem },
    });
}
