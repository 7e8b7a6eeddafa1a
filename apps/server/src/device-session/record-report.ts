import type { InstantMs } from "@moult/base";
import type { AssignmentId, DeviceId } from "@moult/model";
import {
  reportAssignment,
  type AssignmentReport,
  type ReportResult,
} from "../deployments/index.ts";
import { recordReceipt } from "../evidence/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/**
 * Records what a device says about one try and the receipts that came along, in the caller's transaction. A receipt is kept
 * also of a try that the server has ended: it is the device's word on it.
 */
export async function recordReport(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  reports: readonly AssignmentReport[],
  at: InstantMs,
): Promise<ReportResult> {
  const result = await reportAssignment(db, deviceId, assignmentId, attempt, reports, at);
  if (result !== "recorded" && result !== "assignment-closed") return result;
  for (const report of reports) {
    if (report.kind !== "finished" || report.receipt === undefined) continue;
    const { outcome, running, receipt: envelope } = report;
    if (running === null) continue;
    await recordReceipt(db, { deviceId, assignmentId, attempt, outcome, running, envelope }, at);
  }
  return result;
}
