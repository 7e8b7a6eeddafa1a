import type { InstantMs } from "@moult/base";
import type {
  AssignmentId,
  Deferral,
  DeviceId,
  Hold,
  HoldPoint,
  Outcome,
  Running,
} from "@moult/model";
import {
  afterAttempt,
  CANCELLED,
  assignmentStep,
  isProvisional,
  isUnderWay,
  phaseOf,
} from "@moult/planner";
import { recordRunning } from "../devices/index.ts";
import { isoFrom } from "../platform/columns.ts";
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
import { announce, correctAssignment, correctLastTry, endAssignment } from "./settle-assignment.ts";

/** How a try ended, in a device's own words. */
type ReportedOutcome = Extract<
  Outcome,
  "succeeded" | "failed" | "rolled-back" | "rejected" | "aborted"
>;

/** What a device says about a try, whatever protocol it speaks. */
export type AssignmentReport = {
  /** Grows with each report of a try; one that is not above the last is old news. */
  readonly sequence: number;
} & (
  | { readonly kind: "downloading"; readonly progressPercent: number }
  /** The device has reasons not to go on now. */
  | { readonly kind: "deferred"; readonly before: HoldPoint; readonly holds: readonly Hold[] }
  | { readonly kind: "installing" | "activating" | "proving" }
  | { readonly kind: "rolling-back"; readonly code: string; readonly detail: string }
  | {
      readonly kind: "finished";
      readonly outcome: ReportedOutcome;
      readonly code?: string | undefined;
      readonly detail?: string | undefined;
      /** What runs now; null: its client does not know. Success counts only if it is the release. */
      readonly running: Running | null;
      /** What the device swears of the try, where its protocol has that. */
      readonly receipt?: string | undefined;
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
  if (!isUnderWay(assignment.state)) return recordLate(db, assignment, report, at);
  if (report.kind === "finished") {
    await markSeen(db, assignment, report.sequence, at);
    await recordWhatRuns(db, assignment, report, at);
    const { ending, follows } = await judgeTry(db, assignment, report);
    await endAssignment(
      db,
      assignment,
      follows === "retry" ? "retry-pending" : "closed",
      ending,
      at,
    );
    return "recorded";
  }

  if (report.kind === "deferred") {
    await recordDeferral(db, assignment, report, at);
    return "recorded";
  }
  const step = assignmentStep(assignment.state, report.kind);
  const state = step === "ignored" || step === "refused" ? assignment.state : step;
  const progressPercent = report.kind === "downloading" ? report.progressPercent : null;
  const eventSequence = report.sequence;
  const isNewPhase = phaseOf(state) !== phaseOf(assignment.state) || assignment.deferral !== null;
  await setProgress(db, assignment.id, {
    state,
    isNewPhase,
    progressPercent,
    deferral: null,
    eventSequence,
    at,
  });
  if (step !== "ignored" && step !== "refused")
    await announce(db, assignment, { kind: "assignment-progressed", state, progressPercent }, at);
  return "recorded";
}

/** The update stands where it stood. What is said again is no news to anybody, and yet the device was heard of. */
async function recordDeferral(
  db: TenantDb,
  assignment: AssignmentRecord,
  { before, holds, sequence }: Extract<AssignmentReport, { kind: "deferred" }>,
  at: InstantMs,
): Promise<void> {
  const { id, state, progressPercent, deferral: known } = assignment;
  const told = holds.map(({ code, detail }) => ({ code, detail: storableText(detail) }));
  const isSameStep = known?.before === before;
  const since = isSameStep ? known.since : isoFrom(at);
  const deferral: Deferral = { before, holds: told, since };
  const eventSequence = sequence;
  const isNewPhase = false;
  await setProgress(db, id, { state, progressPercent, deferral, eventSequence, isNewPhase, at });
  if (isSameStep && JSON.stringify(known.holds) === JSON.stringify(told)) return;
  const body = { kind: "assignment-progressed", state, progressPercent } as const;
  await announce(db, assignment, { ...body, deferral: { before, holds: told } }, at);
}

async function markSeen(
  db: TenantDb,
  { id, state, progressPercent, deferral }: AssignmentRecord,
  eventSequence: number,
  at: InstantMs,
): Promise<void> {
  const isNewPhase = false;
  await setProgress(db, id, { state, progressPercent, deferral, eventSequence, isNewPhase, at });
}

async function recordWhatRuns(
  db: TenantDb,
  { deviceId }: AssignmentRecord,
  { running }: Finished,
  at: InstantMs,
): Promise<void> {
  if (running !== null) await recordRunning(db, deviceId, running, at);
}

type Finished = Extract<AssignmentReport, { kind: "finished" }>;

/** What a finished try comes to, and whether another follows. */
async function judgeTry(
  db: TenantDb,
  assignment: AssignmentRecord,
  report: Finished,
): Promise<{ readonly ending: Ending; readonly follows: "retry" | "close" }> {
  const deployment = await deploymentOf(db, assignment);
  const ending = endingOf(report, deployment.version);
  const ended = (await endedAttempts(db, [assignment.id])).get(assignment.id) ?? [];
  // A try that the server gave up on stands there already, with the server's word.
  const before = isUnderWay(assignment.state) ? ended : ended.slice(0, -1);
  const follows = afterAttempt(ending, [...before, ending], deployment.plan, deployment.state);
  return { ending, follows };
}

/**
 * A report about a try that the server ended. If it ended it without the device's word (nothing was heard, or the offer
 * was taken back while the device went on), that word counts when it comes: a failure is a failure. Progress until then
 * changes nothing and is not refused, so that the device goes on to say how it ended.
 */
async function recordLate(
  db: TenantDb,
  assignment: AssignmentRecord,
  report: AssignmentReport,
  at: InstantMs,
): Promise<ReportResult> {
  const { code, outcome, state } = assignment;
  const isGuess =
    code === "withdrawn" || code === CANCELLED || (outcome !== null && isProvisional(outcome));
  if (!isGuess) return "assignment-closed";
  if (report.kind !== "finished") return "recorded";
  await markSeen(db, assignment, report.sequence, at);
  await recordWhatRuns(db, assignment, report, at);
  // The acknowledgement of what was taken back.
  if (report.outcome === "aborted") return "recorded";

  const { ending, follows } = await judgeTry(db, assignment, report);
  if (state === "closed") await correctAssignment(db, assignment, ending, at);
  else {
    await correctLastTry(db, assignment, ending, at);
    if (follows === "close") await endAssignment(db, assignment, "closed", ending, at);
  }
  return "recorded";
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
  if (outcome === "succeeded" && running?.artifactName !== version)
    return {
      outcome: "failed",
      code: "wrong-release-running",
      detail: storableText(
        `it reported success and runs ${running?.artifactName ?? "nobody knows what"}`,
      ),
    };
  return {
    outcome,
    code: code === undefined ? null : storableText(code),
    detail: detail === undefined ? null : storableText(detail),
  };
}
