import type { InstantMs } from "@moult/base";
import type { AssignmentId, DeviceId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentById } from "./assignment-queries.ts";
import { reportAssignment, type AssignmentReport, type ReportResult } from "./report-assignment.ts";

type WithoutSequence<Report> = Report extends unknown ? Omit<Report, "sequence"> : never;

/** A report of a client that does not number them: each is news, in the order in which it arrives. */
export type UnnumberedReport = WithoutSequence<AssignmentReport>;

/** Records it in the caller's transaction, which holds the device's row. */
export async function reportNext(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  report: UnnumberedReport,
  at: InstantMs,
): Promise<ReportResult> {
  const assignment = await assignmentById(db, assignmentId);
  const sequence = (assignment?.eventSequence ?? 0) + 1;
  return reportAssignment(db, deviceId, assignmentId, attempt, [{ ...report, sequence }], at);
}
