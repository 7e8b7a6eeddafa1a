import { unreachable, type InstantMs } from "@moult/base";
import type { AssignmentId, DeviceId, Outcome, Running } from "@moult/model";
import { afterAttempt, assignmentStep, isProvisional } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { storableText } from "../platform/storable-text.ts";
import {
  assignmentById,
  endedAttempts,
  setProgress,
  type AssignmentRecord,
  type Ending,
} from "./assignment-queries.ts";
import { holdDeployment, type DeploymentRecord } from "./queries.ts";
import { announce, correctAssignment, endAssignment } from "./settle-assignment.ts";

/** How a try ended, in a device's own words. */
export type ReportedOutcome = Extract<
  Outcome,
  "succeeded" | "failed" | "rolled-back" | "rejected" | "aborted"
>;

/** What a device says about a try, whatever protocol it speaks. */
export type AssignmentReport = {
  /** Grows with each report of a try; one that is not above the last is old news. */
  readonly sequence: number;
} & (
  | { readonly kind: "downloading"; readonly progressPercent: number }
  | { readonly kind: "installing" | "activating" | "proving" }
  | { readonly kind: "rolling-back"; readonly code: string; readonly detail: string }
  | {
      readonly kind: "finished";
      readonly outcome: ReportedOutcome;
      readonly code?: string | undefined;
      readonly detail?: string | undefined;
      /** What runs now. Success counts only if it is the release. */
      readonly running: Running;
    }
);

/**
 * `assignment-closed`: the server has ended this try, and nothing the device says about it counts any more.
 * `attempt-unknown`: no such try was ever offered.
 */
export type ReportResult = "recorded" | "not-found" | "assignment-closed" | "attempt-unknown";

/**
 * Records what a device says about one try, in the caller's transaction, which holds the device's row. Reports that the
 * server has are skipped, so sending them again is harmless.
 */
export async function reportAssignment(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  reports: readonly AssignmentReport[],
  at: InstantMs,
): Promise<ReportResult> {
  for (const report of reports.toSorted((left, right) => left.sequence - right.sequence)) {
    // Read anew for each: the one before may have closed it.
    const assignment = await assignmentById(db, assignmentId);
    if (assignment === undefined || assignment.deviceId !== deviceId) return "not-found";
    if (attempt > assignment.attempt) return "attempt-unknown";
    if (attempt < assignment.attempt) return "assignment-closed";
    if (report.sequence <= assignment.eventSequence) continue;

    const result = await recordOne(db, assignment, report, at);
    if (result !== "recorded") return result;
  }
  return "recorded";
}

async function recordOne(
  db: TenantDb,
  assignment: AssignmentRecord,
  report: AssignmentReport,
  at: InstantMs,
): Promise<ReportResult> {
  if (assignment.state === "closed") return recordLate(db, assignment, report, at);
  if (assignment.state === "retry-pending") return "assignment-closed";
  if (report.kind === "finished") {
    await markSeen(db, assignment, report.sequence, at);
    await finish(db, assignment, report, at);
    return "recorded";
  }

  const step = assignmentStep(assignment.state, report.kind);
  const state = step === "ignored" || step === "refused" ? assignment.state : step;
  const progressPercent = report.kind === "downloading" ? report.progressPercent : null;
  const eventSequence = report.sequence;
  await setProgress(db, assignment.id, { state, progressPercent, eventSequence, at });
  if (step !== "ignored" && step !== "refused")
    await announce(db, assignment, { kind: "assignment-progressed", state, progressPercent }, at);
  return "recorded";
}

async function markSeen(
  db: TenantDb,
  { id, state, progressPercent }: AssignmentRecord,
  eventSequence: number,
  at: InstantMs,
): Promise<void> {
  await setProgress(db, id, { state, progressPercent, eventSequence, at });
}

type Finished = Extract<AssignmentReport, { kind: "finished" }>;

async function finish(
  db: TenantDb,
  assignment: AssignmentRecord,
  report: Finished,
  at: InstantMs,
): Promise<void> {
  const deployment = await deploymentOf(db, assignment);
  const ending = endingOf(report, deployment.version);
  const ended = (await endedAttempts(db, [assignment.id])).get(assignment.id) ?? [];
  const follows = afterAttempt(ending, [...ended, ending], deployment.plan, deployment.state);
  await endAssignment(db, assignment, follows === "retry" ? "retry-pending" : "closed", ending, at);
}

/**
 * A report about an assignment that the server ended. If it ended it only because nothing was heard, the device's word
 * replaces that guess; its progress until then is taken note of and changes nothing.
 */
async function recordLate(
  db: TenantDb,
  assignment: AssignmentRecord,
  report: AssignmentReport,
  at: InstantMs,
): Promise<ReportResult> {
  const { outcome } = assignment;
  if (outcome === null || !isProvisional(outcome)) return "assignment-closed";
  switch (report.kind) {
    case "downloading":
    case "installing":
    case "activating":
    case "proving":
    case "rolling-back":
      return "recorded";
    case "finished": {
      if (report.outcome === "aborted") return "assignment-closed";
      const deployment = await deploymentOf(db, assignment);
      await markSeen(db, assignment, report.sequence, at);
      await correctAssignment(db, assignment, endingOf(report, deployment.version), at);
      return "recorded";
    }
    default:
      return unreachable(report);
  }
}

async function deploymentOf(
  db: TenantDb,
  { deploymentId }: AssignmentRecord,
): Promise<DeploymentRecord> {
  const deployment = await holdDeployment(db, deploymentId);
  if (deployment === undefined) throw new TypeError("an assignment's deployment exists");
  return deployment;
}

/** Written is not running: a success that leaves the device with something else is none. */
function endingOf({ outcome, code, detail, running }: Finished, version: string): Ending {
  if (outcome === "succeeded" && running.artifactName !== version)
    return {
      outcome: "failed",
      code: "wrong-release-running",
      detail: storableText(`it reported success and runs ${running.artifactName}`),
    };
  return {
    outcome,
    code: code === undefined ? null : storableText(code),
    detail: detail === undefined ? null : storableText(detail),
  };
}
