import type { InstantMs } from "@moult/base";
import type { AssignmentId, DeviceId } from "@moult/model";
import { isUnderWay } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentById, setProgress } from "./assignment-queries.ts";
import { reportAssignment, type AssignmentReport, type ReportResult } from "./report-assignment.ts";
import { announce } from "./settle-assignment.ts";

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

/**
 * Nothing holds up any more what was put off on behalf of the device: from now on it owes a word again. In the caller's
 * transaction, which holds the device's row.
 */
export async function endDeferral(
  db: TenantDb,
  { assignmentId, attempt }: { readonly assignmentId: AssignmentId; readonly attempt: number },
  at: InstantMs,
): Promise<void> {
  const assignment = await assignmentById(db, assignmentId);
  if (assignment?.deferral == null || assignment.attempt !== attempt) return;
  const { id, state, progressPercent, eventSequence } = assignment;
  if (!isUnderWay(state)) return;
  const isNewPhase = true;
  const deferral = null;
  await setProgress(db, id, { state, progressPercent, deferral, eventSequence, isNewPhase, at });
  await announce(db, assignment, { kind: "assignment-progressed", state, progressPercent }, at);
}
