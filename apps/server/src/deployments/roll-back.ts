import { randomInt } from "node:crypto";
import type { InstantMs } from "@moult/base";
import { Plan, type DeploymentId, type ReleaseId, type UserId } from "@moult/model";
import { EXACT_TARGET_MAX, PLACES, recordCreation, rollbackSentence } from "@moult/planner";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countAll } from "./census-queries.ts";
import { BY_ITSELF } from "./judge-deployment.ts";
import { holdDeployment, insertDeployment, setCensus, type DeploymentRecord } from "./queries.ts";
import { rollsBack } from "./rollback-gaps.ts";
import {
  channelOf,
  countNotTakenBack,
  listTakenBack,
  openRollback,
  releasesById,
  releasesOfVersions,
  setRollbackProblems,
  type BackRelease,
} from "./rollback-queries.ts";

/** Tries of a device that is taken back: it runs a bad release, so one more is worth more than an early verdict. */
const ATTEMPTS_MIN = 3;

/**
 * Takes back what a deployment brought: a deployment for each release that devices go back to, newer than it, of the same
 * priority, and so the one that decides for them. It stays so as long as somebody wants it (`wayBackOf`): who was installing then and succeeds later is
 * added, so nobody is forgotten, however the two events fell.
 */
export async function rollBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<void> {
  if (wayBackOf(deployment) === null) return;
  if ((await countNotTakenBack(db, deployment)).length === 0) return;
  await db.transaction(async (inner) => {
    // Held until the end, so that of several servers one does it.
    const held = await holdDeployment(inner, deployment.id);
    if (held !== undefined) await takeAllBack(inner, held, at);
  });
}

/** Where to, and on whose word. */
interface WayBack {
  /** Null: to what each ran before. */
  readonly to: { readonly releaseId: ReleaseId; readonly version: string } | null;
  readonly by: string;
  readonly byUser: UserId | null;
}

/** Null: its devices keep what it brought. What a person said comes before the plan, which speaks while it is tripped. */
export function wayBackOf({
  state,
  plan: { onTrip },
  rollbackOrder,
}: Pick<DeploymentRecord, "state" | "plan" | "rollbackOrder">): WayBack | null {
  if (rollbackOrder !== null) return rollbackOrder;
  if (state !== "tripped" || !rollsBack({ onTrip })) return null;
  const releaseId = typeof onTrip === "object" ? onTrip.rollBackTo : null;
  const to = releaseId === null ? null : { releaseId, version: releaseId };
  return { to, by: BY_ITSELF, byUser: null };
}

/** The same in the caller's transaction, which holds the deployment's row. */
export async function takeAllBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<void> {
  const way = wayBackOf(deployment);
  if (way === null) return;
  const problems: string[] = [];
  for (const { from, count, to } of await takenBack(db, deployment, way)) {
    if (to !== undefined) await takeBack(db, deployment, { from, to, way }, at);
    else {
      const gap = { from: from ?? null, to: way.to?.version ?? null, count };
      problems.push(rollbackSentence({ ...gap, obstacle: { kind: "no-release" } }, "ran"));
    }
  }
  if (JSON.stringify(problems) !== JSON.stringify(deployment.rollbackProblems))
    await setRollbackProblems(db, deployment.id, problems);
}

interface TakenBack {
  /** What they ran before; undefined: whatever it was. */
  readonly from: string | null | undefined;
  readonly count: number;
  /** Undefined: it is not here. */
  readonly to: BackRelease | undefined;
}

async function takenBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  { to: named }: WayBack,
): Promise<TakenBack[]> {
  const groups = await countNotTakenBack(db, deployment);
  if (named !== null) {
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    if (count === 0) return [];
    const release = (await releasesById(db, [named.releaseId])).get(named.releaseId);
    return [{ from: undefined, count, to: release }];
  }
  const found = await releasesRunBefore(db, deployment, groups);
  return groups.map(({ ranBefore, count }) => ({
    from: ranBefore,
    count,
    to: ranBefore === null ? undefined : found.get(ranBefore),
  }));
}

/** The releases of what devices ran before a deployment, by version. */
export async function releasesRunBefore(
  db: TenantDb,
  deployment: Pick<DeploymentRecord, "product" | "releaseId">,
  groups: readonly { readonly ranBefore: string | null }[],
): Promise<ReadonlyMap<string, BackRelease>> {
  const channel = await channelOf(db, deployment.releaseId);
  if (channel === undefined) return new Map();
  const versions = new Set(groups.flatMap(({ ranBefore }) => ranBefore ?? []));
  return releasesOfVersions(db, deployment.product, channel, [...versions]);
}

async function takeBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  {
    from,
    to,
    way,
  }: {
    readonly from: string | null | undefined;
    readonly to: BackRelease;
    readonly way: WayBack;
  },
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
      createdBy: way.by,
      createdByUser: way.byUser,
      createdAt: at,
      rollbackOf: deployment.id,
    });
    await listTakenBack(db, deployment, created.id, from);
    const census = await countAll(db, created, at);
    if (census.eligible > EXACT_TARGET_MAX) await setCensus(db, created.id, census);
    const body = { kind: "deployment-created", version: to.version, by: way.by } as const;
    const inputs = recordCreation(created);
    await appendEvent(db, { at, deploymentId: created.id, body, inputs });
  }
  await raisePlanningEpoch(db);
}

/**
 * Everybody at once, as many at a time as before, as urgent, and no stop: what they run is known to be bad. What people meant to spend on
 * a day of the new release does not keep devices on it.
 */
function rollbackPlan({ priority, limits, retry, timeouts }: Plan): Plan {
  const attemptsMax = Math.max(retry.attemptsMax, ATTEMPTS_MIN);
  return Plan.parse({
    priority,
    stages: [{ size: { remaining: true } }],
    limits: { ...limits, bytesPerDay: undefined },
    retry: { attemptsMax, backoffSeconds: retry.backoffSeconds },
    timeouts,
    onTrip: "pause",
  });
}
