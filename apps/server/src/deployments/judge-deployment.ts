import { unreachable, type InstantMs } from "@moult/base";
import type { FleetEventBody } from "@moult/model";
import { advance, finishedOf, isActive, recordAdvance, type AdvanceEvent } from "@moult/planner";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { censusOf, isAnyoneLeft } from "./census-queries.ts";
import {
  hasDeploymentBefore,
  setDeploymentState,
  setStage,
  type DeploymentRecord,
} from "./queries.ts";

/** Who stops or ends a deployment when no operator did. */
export const BY_ITSELF = "moult";

/**
 * Lets a deployment draw the consequences of its numbers: the next stage, a trip, its end. Called in every transaction
 * that changed them, with the deployment's row held.
 *
 * Only such a consequence makes other devices be decided anew. That a device ended is by itself no news to them: those
 * that wait for its place ask at each check-in (`isContended`), so a rollout does not make the whole fleet be decided
 * again with every device that finishes.
 */
export async function judgeDeployment(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<void> {
  const judged = await judge(db, deployment, at);
  if (judged === undefined) return;
  for (const event of judged.events) {
    await apply(db, deployment, event, at);
    const { inputs } = judged;
    await appendEvent(db, { at, deploymentId: deployment.id, body: bodyOf(event), inputs });
  }
  await raisePlanningEpoch(db);
}

/** What would become of the deployment, read without changing anything. */
export async function consequencesOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<readonly AdvanceEvent[]> {
  return (await judge(db, deployment, at))?.events ?? [];
}

/** Undefined when nothing becomes of it. */
async function judge(db: TenantDb, deployment: DeploymentRecord, at: InstantMs) {
  if (!isActive(deployment.state)) return undefined;
  const { counts } = deployment;
  const census = await censusOf(db, deployment, at);
  const isAnyoneLeft = await isSomebodyLeft(db, deployment, census.eligible);
  const tally = { counts, census, isAnyoneLeft };
  const events = advance(deployment, tally, at);
  return events.length === 0
    ? undefined
    : { events, inputs: recordAdvance(deployment, tally, at, events) };
}

/** Cheap answers first: who is in the update is left, and fewer ends than devices leave somebody. */
async function isSomebodyLeft(
  db: TenantDb,
  deployment: DeploymentRecord,
  eligible: number,
): Promise<boolean> {
  const { counts } = deployment;
  if (counts.open > 0) return true;
  const ended = finishedOf(counts) + counts.alreadyRunning + counts.aborted;
  // Another deployment may have taken devices over, which then have no end here.
  if (ended < eligible && !(await hasDeploymentBefore(db, deployment))) return true;
  return isAnyoneLeft(db, deployment);
}

async function apply(
  db: TenantDb,
  { id }: DeploymentRecord,
  event: AdvanceEvent,
  at: InstantMs,
): Promise<void> {
  switch (event.kind) {
    case "stage-advanced":
      await setStage(db, id, event.stage, at);
      return;
    case "tripped": {
      const trip = { ...event.trip, at: new Date(event.trip.at).toISOString() };
      await setDeploymentState(db, id, { state: "tripped", trip });
      return;
    }
    case "finished":
      await setDeploymentState(db, id, { state: "finished", finishedAt: at });
      return;
    default:
      unreachable(event);
  }
}

function bodyOf(event: AdvanceEvent): FleetEventBody {
  switch (event.kind) {
    case "stage-advanced":
      return event;
    case "tripped":
      return {
        kind: "deployment-tripped",
        trip: { ...event.trip, at: new Date(event.trip.at).toISOString() },
      };
    case "finished":
      return { kind: "deployment-state-changed", state: "finished", by: BY_ITSELF };
    default:
      return unreachable(event);
  }
}
