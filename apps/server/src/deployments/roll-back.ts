import { randomInt } from "node:crypto";
import type { InstantMs } from "@moult/base";
import { Plan, type DeploymentId } from "@moult/model";
import { EXACT_TARGET_MAX, PLACES, recordCreation, rollbackSentence } from "@moult/planner";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseOrRefusal } from "../releases/index.ts";
import { countAll } from "./census-queries.ts";
import { BY_ITSELF } from "./judge-deployment.ts";
import { holdDeployment, insertDeployment, setCensus, type DeploymentRecord } from "./queries.ts";
import { rollsBack } from "./rollback-gaps.ts";
import {
  channelOf,
  countNotTakenBack,
  listTakenBack,
  openRollback,
  releasesOfVersions,
  setRollbackProblems,
  type BackRelease,
} from "./rollback-queries.ts";

/** Tries of a device that is taken back: it runs a bad release, so one more is worth more than an early verdict. */
const ATTEMPTS_MIN = 3;

/**
 * Takes back what a deployment brought that stopped itself, where its plan says so: a deployment for each release that
 * devices go back to, newer than the one that tripped and so the one that decides for them. It stays so while it is
 * tripped: who was installing then and succeeds later is added, so nobody is forgotten, however the two events fell.
 */
export async function rollBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<void> {
  if (deployment.state !== "tripped" || !rollsBack(deployment.plan)) return;
  if ((await countNotTakenBack(db, deployment)).length === 0) return;
  await db.transaction(async (inner) => {
    // Held until the end, so that of several servers one does it.
    const held = await holdDeployment(inner, deployment.id);
    if (held?.state !== "tripped") return;
    const problems: string[] = [];
    for (const { from, count, to } of await takenBack(inner, held)) {
      if (to === undefined)
        problems.push(
          rollbackSentence({
            from: from ?? null,
            to: null,
            obstacle: { kind: "no-release" },
            count,
          }),
        );
      else await takeBack(inner, held, from, to, at);
    }
    if (JSON.stringify(problems) !== JSON.stringify(held.rollbackProblems))
      await setRollbackProblems(inner, held.id, problems);
  });
}

interface TakenBack {
  /** What they ran before; undefined: whatever it was. */
  readonly from: string | null | undefined;
  readonly count: number;
  readonly to: BackRelease | undefined;
}

async function takenBack(db: TenantDb, deployment: DeploymentRecord): Promise<TakenBack[]> {
  const groups = await countNotTakenBack(db, deployment);
  const { onTrip } = deployment.plan;
  if (typeof onTrip === "object") {
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    return count === 0
      ? []
      : [{ from: undefined, count, to: await releaseOrRefusal(db, onTrip.rollBackTo) }];
  }
  const channel = await channelOf(db, deployment.releaseId);
  const versions = groups.flatMap(({ ranBefore }) => ranBefore ?? []);
  const found =
    channel === undefined
      ? new Map<string, BackRelease>()
      : await releasesOfVersions(db, deployment.product, channel, versions);
  return groups.map(({ ranBefore, count }) => ({
    from: ranBefore,
    count,
    to: ranBefore === null ? undefined : found.get(ranBefore),
  }));
}

async function takeBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  from: string | null | undefined,
  to: BackRelease,
  at: InstantMs,
): Promise<void> {
  const open = await openRollback(db, deployment.id, to.id);
  if (open !== undefined) await listTakenBack(db, deployment, open, from);
  else {
    const created = await insertDeployment(db, {
      id: newId<DeploymentId>(at),
      name: `Back to ${to.version} from ${deployment.version}`,
      product: deployment.product,
      releaseId: to.id,
      version: to.version,
      target: { kind: "devices", deviceIds: [], isFrozen: false, terms: null, excludedIds: [] },
      plan: rollbackPlan(deployment.plan),
      salt: randomInt(1, PLACES),
      createdBy: BY_ITSELF,
      createdByUser: null,
      createdAt: at,
      rollbackOf: deployment.id,
    });
    await listTakenBack(db, deployment, created.id, from);
    const census = await countAll(db, created, at);
    if (census.eligible > EXACT_TARGET_MAX) await setCensus(db, created.id, census);
    const body = { kind: "deployment-created", version: to.version, by: BY_ITSELF } as const;
    const inputs = recordCreation(created);
    await appendEvent(db, { at, deploymentId: created.id, body, inputs });
  }
  await raisePlanningEpoch(db);
}

/** Everybody at once, as many at a time as before, and no stop: what they run is known to be bad. */
function rollbackPlan({ limits, retry, timeouts }: Plan): Plan {
  const attemptsMax = Math.max(retry.attemptsMax, ATTEMPTS_MIN);
  return Plan.parse({
    stages: [{ size: { remaining: true } }],
    limits,
    retry: { attemptsMax, backoffSeconds: retry.backoffSeconds },
    timeouts,
    onTrip: "pause",
  });
}
