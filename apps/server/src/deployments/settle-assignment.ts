import { present, type InstantMs } from "@moult/base";
import type { FleetEventBody } from "@moult/model";
import { assignmentStep, countedAs, type RecordedInputs } from "@moult/planner";
import { appendEvent } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  endAttempt,
  setEnding,
  setOpenAssignment,
  type AssignmentRecord,
  type Ending,
} from "./assignment-queries.ts";
import { judgeDeployment } from "./judge-deployment.ts";
import { leaveSite } from "./site-queries.ts";
import { moveCount } from "./queries.ts";

/**
 * Ends an assignment, or its present try, in the caller's transaction: the counters, the rows, the event, and what its
 * deployment makes of it. The caller holds the device's row; the deployment's is taken next and the tenant's last, in
 * this order everywhere, so that no two transactions wait for each other.
 */
export async function endAssignment(
  db: TenantDb,
  assignment: AssignmentRecord,
  into: "closed" | "retry-pending",
  ending: Ending,
  at: InstantMs,
  inputs?: RecordedInputs,
): Promise<void> {
  const move = into === "closed" ? "close" : "retry";
  present(stepOf(assignment, move), "only an assignment without an end is ended");
  const after = { state: into, outcome: into === "closed" ? ending.outcome : null };

  const deployment = await moveCount(
    db,
    assignment.deploymentId,
    countedAs(assignment),
    countedAs(after),
  );
  await setEnding(db, assignment.id, into, ending, at);
  // What waits for its next try has none that could end.
  if (assignment.state !== "retry-pending") {
    await leaveSite(db, deployment, assignment.id);
    await endAttempt(db, assignment.id, assignment.attempt, ending, at);
    await setOpenAssignment(db, assignment.deviceId, null);
  }
  await announce(db, assignment, endingEvent(into, ending), at, inputs);
  await judgeDeployment(db, deployment, at);
}

/** Replaces the server's guess of how an assignment ended by what was really the case. */
export async function correctAssignment(
  db: TenantDb,
  assignment: AssignmentRecord,
  ending: Ending,
  at: InstantMs,
  inputs?: RecordedInputs,
): Promise<void> {
  present(stepOf(assignment, "correct"), "only a closed assignment is corrected");
  const after = { state: "closed", outcome: ending.outcome } as const;
  const deployment = await moveCount(
    db,
    assignment.deploymentId,
    countedAs(assignment),
    countedAs(after),
  );
  await setEnding(db, assignment.id, "closed", ending, at);
  if (assignment.attempt > 0) await endAttempt(db, assignment.id, assignment.attempt, ending, at);
  await announce(db, assignment, endingEvent("closed", ending), at, inputs);
  await judgeDeployment(db, deployment, at);
}

/** The same for the last try of an assignment that waits for its next one, and goes on waiting. */
export async function correctLastTry(
  db: TenantDb,
  assignment: AssignmentRecord,
  ending: Ending,
  at: InstantMs,
): Promise<void> {
  await setEnding(db, assignment.id, "retry-pending", ending, at);
  await endAttempt(db, assignment.id, assignment.attempt, ending, at);
}

const stepOf = ({ state }: AssignmentRecord, move: "close" | "retry" | "correct") => {
  const step = assignmentStep(state, move);
  return step === "refused" || step === "ignored" ? undefined : step;
};

const endingEvent = (into: "closed" | "retry-pending", ending: Ending): FleetEventBody =>
  into === "closed"
    ? { kind: "assignment-closed", ...ending }
    : { kind: "assignment-progressed", state: "retry-pending", progressPercent: null };

/** Appends an event about an assignment; `inputs`: what decided it, where the planner did. */
export async function announce(
  db: TenantDb,
  assignment: Pick<AssignmentRecord, "id" | "deviceId" | "deploymentId">,
  body: FleetEventBody,
  at: InstantMs,
  inputs?: RecordedInputs,
): Promise<void> {
  await appendEvent(db, {
    at,
    deviceId: assignment.deviceId,
    deploymentId: assignment.deploymentId,
    assignmentId: assignment.id,
    body,
    inputs,
  });
}
