import { later, type Clock, type InstantMs, type Log } from "@moult/base";
import { phaseLimits } from "@moult/planner";
import { raiseDueEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentById, holdDevice } from "./assignment-queries.ts";
import { countAll, isEstimated } from "./census-queries.ts";
import { ENDED_AT_ONCE, expireAssignments, unchanged } from "./expire-assignments.ts";
import { heardSince } from "./hearing.ts";
import { consequencesOf, judgeDeployment } from "./judge-deployment.ts";
import { activeDeployments, holdDeployment, setCensus, type DeploymentRecord } from "./queries.ts";
import { rollBack } from "./roll-back.ts";
import { createRollbackPace } from "./rollback-pace.ts";
import { orderedBackAndOver } from "./rollback-queries.ts";
import { createServerUptime } from "./server-uptime.ts";
import { endAssignment } from "./settle-assignment.ts";
import { isStale } from "./stored-census.ts";
import { leftOverAssignments, overdueAssignments } from "./tend-queries.ts";

/** What time alone does to deployments. Call `tend` for every tenant, at intervals of some seconds. */
export interface DeploymentTender {
  tend(db: TenantDb): Promise<void>;
}

/**
 * Ends updates that nothing was heard of for their plan's time or for longer than their device's habit, counts large targets
 * again, and looks whether a deployment can go on or is finished although nobody reported (its last device left the fleet).
 *
 * Only time in which a server was up counts: after none was for some minutes, an assignment gets its whole time again, so a
 * server that was down for a day trips nothing when it comes back.
 */
export function createDeploymentTender({
  clock,
  log,
}: {
  readonly clock: Clock;
  readonly log: Log;
}): DeploymentTender {
  const uptime = createServerUptime(clock);
  const pace = createRollbackPace();
  return {
    tend: async (db) => {
      const at = clock.now();
      const upSince = await heardSince(db, uptime.since(), at);
      await raiseDueEpoch(db, at);
      await endLeftOvers(db, at);
      for (const deployment of await activeDeployments(db)) {
        await recount(db, deployment, at);
        const ended =
          (await expireAssignments(db, deployment, upSince, at)) +
          (await endOverdue(db, deployment, upSince, at));
        if (ended > 0)
          log.info("assignments-expired", { deploymentId: deployment.id, count: ended });
        if (deployment.state === "running") await judgeAgain(db, deployment, at);
        else if (pace.isDue(deployment, at)) await rollBack(db, deployment, at);
      }
      for (const deployment of await orderedBackAndOver(db))
        if (pace.isDue(deployment, at)) await rollBack(db, deployment, at);
    },
  };
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
