import { later, type InstantMs } from "@moult/base";
import { AssignmentState } from "@moult/model";
import {
  backoffMsMax,
  isUnderWay,
  NO_HABIT,
  patienceOf,
  SEEN_LATER_MS,
  silenceDetail,
} from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentById, endedAttempts, holdDevice, type Ending } from "./assignment-queries.ts";
import type { DeploymentRecord } from "./queries.ts";
import { endAssignment } from "./settle-assignment.ts";
import { quietAssignments, quietByHabit, type QuietAssignment } from "./tend-queries.ts";

export const ENDED_AT_ONCE = 100;
const UNDER_WAY = AssignmentState.options.filter((state) => isUnderWay(state));

/** The time that may be counted: devices could be heard from the one instant to the other. */
interface HeardTime {
  readonly heardSince: InstantMs;
  readonly at: InstantMs;
}

/** Ends the deployment's assignments that are past their time; answers how many. */
export async function expireAssignments(
  db: TenantDb,
  deployment: DeploymentRecord,
  heardSince: InstantMs,
  at: InstantMs,
): Promise<number> {
  const { plan, state } = deployment;
  const expired = (states: readonly AssignmentState[], extraMs: number): Promise<number> =>
    expireQuiet(db, deployment, states, { heardSince, at: later(at, -extraMs) }, at);
  return (
    (await expired(UNDER_WAY, 0)) +
    // While the deployment stands still, a device that waits for its next try could not get it; nor before its turn.
    (state === "running" ? await expired(["retry-pending"], backoffMsMax(plan)) : 0)
  );
}

/** Whether a person may still let its devices install: a device that waits for that owes nobody a word. */
const waitsForPerson = ({ plan, state, installationOpenedAt }: DeploymentRecord): boolean =>
  plan.mode === "download-only" &&
  installationOpenedAt === null &&
  (state === "running" || state === "paused");

async function expireQuiet(
  db: TenantDb,
  deployment: DeploymentRecord,
  states: readonly AssignmentState[],
  heard: HeardTime,
  at: InstantMs,
): Promise<number> {
  const { id: deploymentId, plan } = deployment;
  const withKeepers = !waitsForPerson(deployment);
  const question = { deploymentId, states, withKeepers, limit: ENDED_AT_ONCE };
  const byPlan = patienceOf(plan, NO_HABIT);
  if (byPlan.kind === "by-plan" && heard.at - heard.heardSince < byPlan.silenceMs) return 0;
  let ended = 0;
  for (;;) {
    const quiet =
      byPlan.kind === "by-plan"
        ? await quietAssignments(db, question, later(heard.at, -byPlan.silenceMs))
        : await quietByHabit(db, question, heard);
    for (const one of quiet)
      await db.transaction((inner) => expire(inner, one, guessOf(plan, one, heard), at));
    ended += quiet.length;
    if (quiet.length < ENDED_AT_ONCE) return ended;
  }
}

/** What is supposed of a device until it says otherwise. */
function guessOf(
  plan: DeploymentRecord["plan"],
  { assignment: { state, updatedAt }, lastSeenAt, habit }: QuietAssignment,
  { heardSince, at }: HeardTime,
): Ending {
  const code = state === "offered" ? "never-began" : "no-report";
  const patience = patienceOf(plan, habit);
  if (patience.kind === "by-habit") {
    const quietMs = at - Math.max(updatedAt, lastSeenAt ?? 0, heardSince);
    return quietMs >= patience.silenceMs
      ? { outcome: "silent", code, detail: silenceDetail(patience) }
      : { outcome: "timed-out", code, detail: null };
  }
  const wasSeen = lastSeenAt !== null && lastSeenAt > updatedAt + SEEN_LATER_MS;
  return { outcome: wasSeen ? "timed-out" : "silent", code, detail: null };
}

async function expire(
  db: TenantDb,
  { assignment: seen }: QuietAssignment,
  guess: Ending,
  at: InstantMs,
): Promise<void> {
  const assignment = await unchanged(db, seen);
  if (assignment === undefined) return;
  const ending =
    assignment.state === "retry-pending" ? await endOfLastTry(db, assignment.id, guess) : guess;
  await endAssignment(db, assignment, "closed", ending, at);
}

/** With its device's row held; undefined when it was heard of meanwhile. */
export async function unchanged(
  db: TenantDb,
  seen: QuietAssignment["assignment"],
): Promise<QuietAssignment["assignment"] | undefined> {
  await holdDevice(db, seen.deviceId);
  const assignment = await assignmentById(db, seen.id);
  return assignment?.updatedAt === seen.updatedAt && assignment.state === seen.state
    ? assignment
    : undefined;
}

/** A device that failed and did not come back for its next try has failed; one whose offer was taken back is silent. */
async function endOfLastTry(
  db: TenantDb,
  assignmentId: QuietAssignment["assignment"]["id"],
  guess: Ending,
): Promise<Ending> {
  const last = (await endedAttempts(db, [assignmentId])).get(assignmentId)?.at(-1);
  return last === undefined || last.outcome === "aborted"
    ? guess
    : { outcome: last.outcome, code: last.code, detail: null };
}
