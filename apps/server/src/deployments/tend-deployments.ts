import { MINUTE_MS, SECOND_MS, later, type Clock, type InstantMs, type Log } from "@moult/base";
import { AssignmentState } from "@moult/model";
import { backoffMsMax, isUnderWay, phaseLimits } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentById, endedAttempts, holdDevice, type Ending } from "./assignment-queries.ts";
import { countAll, isEstimated } from "./census-queries.ts";
import { consequencesOf, judgeDeployment } from "./judge-deployment.ts";
import { activeDeployments, holdDeployment, setCensus, type DeploymentRecord } from "./queries.ts";
import { rollBack } from "./roll-back.ts";
import { orderedBackAndOver } from "./rollback-queries.ts";
import { createServerUptime } from "./server-uptime.ts";
import { endAssignment } from "./settle-assignment.ts";
import { isStale } from "./stored-census.ts";
import {
  leftOverAssignments,
  overdueAssignments,
  quietAssignments,
  type QuietAssignment,
} from "./tend-queries.ts";

/** What time alone does to deployments. Call `tend` for every tenant, at intervals of some seconds. */
export interface DeploymentTender {
  tend(db: TenantDb): Promise<void>;
}

const ENDED_AT_ONCE = 100;
/** A device that was seen this long after its last report was reachable, and only its update stood still. */
const SEEN_LATER_MS = MINUTE_MS;
const UNDER_WAY = AssignmentState.options.filter((state) => isUnderWay(state));

/**
 * Ends updates that nothing was heard of for their plan's time, counts large targets again, and looks whether a
 * deployment can go on or is finished although nobody reported (its last device left the fleet).
 *
 * Only time in which this server was up counts: after a start, or a standstill of the process, an assignment gets its
 * whole time again, so a server that was down for a day trips nothing when it comes back. With several servers, one that
 * started lately is merely slower to give up; it never gives up sooner.
 */
export function createDeploymentTender({
  clock,
  log,
}: {
  readonly clock: Clock;
  readonly log: Log;
}): DeploymentTender {
  const uptime = createServerUptime(clock);
  return {
    tend: async (db) => {
      const upSince = uptime.since();
      const at = clock.now();
      await endLeftOvers(db, at);
      for (const deployment of await activeDeployments(db)) {
        await recount(db, deployment, at);
        const ended =
          (await expireAssignments(db, deployment, upSince, at)) +
          (await endOverdue(db, deployment, upSince, at));
        if (ended > 0)
          log.info("assignments-expired", { deploymentId: deployment.id, count: ended });
        if (deployment.state === "running") await judgeAgain(db, deployment, at);
        else await rollBack(db, deployment, at);
      }
      for (const deployment of await orderedBackAndOver(db)) await rollBack(db, deployment, at);
    },
  };
}

/** Ends the deployment's assignments that are past their time; answers how many. */
async function expireAssignments(
  db: TenantDb,
  deployment: DeploymentRecord,
  upSince: InstantMs,
  at: InstantMs,
): Promise<number> {
  const { plan, state, id } = deployment;
  const timeoutMs = plan.timeouts.silenceSeconds * SECOND_MS;
  const upForMs = at - upSince;
  const expired = (states: readonly AssignmentState[], afterMs: number): Promise<number> =>
    upForMs < afterMs ? Promise.resolve(0) : expireQuiet(db, id, states, later(at, -afterMs), at);
  return (
    (await expired(UNDER_WAY, timeoutMs)) +
    // While the deployment stands still, a device that waits for its next try could not get it; nor before its turn.
    (state === "running" ? await expired(["retry-pending"], timeoutMs + backoffMsMax(plan)) : 0)
  );
}

/** Ends the tries of devices that are at something for longer than their plan gives it; answers how many. */
async function endOverdue(
  db: TenantDb,
  { id, plan }: DeploymentRecord,
  upSince: InstantMs,
  at: InstantMs,
): Promise<number> {
  let ended = 0;
  for (const { states, afterMs, code } of phaseLimits(plan)) {
    if (at - upSince < afterMs) continue;
    const overdue = await overdueAssignments(db, id, states, later(at, -afterMs), ENDED_AT_ONCE);
    for (const seen of overdue)
      await db.transaction(async (inner) => {
        const assignment = await unchanged(inner, seen);
        const ending = { outcome: "timed-out", code, detail: null } as const;
        if (assignment !== undefined) await endAssignment(inner, assignment, "closed", ending, at);
      });
    ended += overdue.length;
  }
  return ended;
}

/** With its device's row held; undefined when it was heard of meanwhile. */
async function unchanged(
  db: TenantDb,
  seen: QuietAssignment["assignment"],
): Promise<QuietAssignment["assignment"] | undefined> {
  await holdDevice(db, seen.deviceId);
  const assignment = await assignmentById(db, seen.id);
  return assignment?.updatedAt === seen.updatedAt && assignment.state === seen.state
    ? assignment
    : undefined;
}

async function expireQuiet(
  db: TenantDb,
  deploymentId: DeploymentRecord["id"],
  states: readonly AssignmentState[],
  before: InstantMs,
  at: InstantMs,
): Promise<number> {
  let ended = 0;
  for (;;) {
    const quiet = await quietAssignments(db, deploymentId, states, before, ENDED_AT_ONCE);
    for (const one of quiet) await db.transaction((inner) => expire(inner, one, at));
    ended += quiet.length;
    if (quiet.length < ENDED_AT_ONCE) return ended;
  }
}

async function expire(
  db: TenantDb,
  { assignment: seen, lastSeenAt }: QuietAssignment,
  at: InstantMs,
): Promise<void> {
  const assignment = await unchanged(db, seen);
  if (assignment === undefined) return;

  const outcome =
    lastSeenAt !== null && lastSeenAt > assignment.updatedAt + SEEN_LATER_MS
      ? "timed-out"
      : "silent";
  const code = assignment.state === "offered" ? "never-began" : "no-report";
  const guess: Ending = { outcome, code, detail: null };
  const ending =
    assignment.state === "retry-pending" ? await endOfLastTry(db, assignment.id, guess) : guess;
  await endAssignment(db, assignment, "closed", ending, at);
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

/** Ends what waits for a try that will never come. */
export async function endLeftOvers(db: TenantDb, at: InstantMs): Promise<void> {
  for (;;) {
    const left = await leftOverAssignments(db, ENDED_AT_ONCE);
    for (const { id, deviceId } of left)
      await db.transaction(async (inner) => {
        await holdDevice(inner, deviceId);
        const assignment = await assignmentById(inner, id);
        if (assignment?.state !== "retry-pending") return;
        const ending = { outcome: "aborted", code: "deployment-over", detail: null } as const;
        await endAssignment(inner, assignment, "closed", ending, at);
      });
    if (left.length < ENDED_AT_ONCE) return;
  }
}

async function judgeAgain(db: TenantDb, seen: DeploymentRecord, at: InstantMs): Promise<void> {
  const { id } = seen;
  if ((await consequencesOf(db, seen, at)).length === 0) return;
  await db.transaction(async (inner) => {
    const deployment = await holdDeployment(inner, id);
    if (deployment !== undefined) await judgeDeployment(inner, deployment, at);
  });
}

/** Keeps the count of a large target fresh, so that no device has to wait for it. */
async function recount(db: TenantDb, deployment: DeploymentRecord, at: InstantMs): Promise<void> {
  if (deployment.census !== null && !isStale(deployment.census, at)) return;
  const isKept = await isEstimated(db, deployment);
  if (deployment.census === null && !isKept) return;
  const census = isKept ? await countAll(db, deployment, at) : null;
  await db.transaction((inner) => setCensus(inner, deployment.id, census));
}
