import type { BodyOf, operations } from "@moult/api";
import type { Clock, InstantMs } from "@moult/base";
import type { DeploymentId, ReleaseId, RollBackPreview } from "@moult/model";
import {
  isActive,
  isBeforeInstall,
  refusedRollBack,
  rehearseRollBack,
  rollbackSentence,
  wayBackObstacle,
  type RollBackFacts,
  type RollbackGap,
  type RollbackObstacle,
} from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { Principal } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseOrRefusal } from "../releases/index.ts";
import { artifactsFor } from "./artifact-facts-queries.ts";
import { classMembers } from "./class-queries.ts";
import { progressCounts } from "./progress-queries.ts";
import {
  deploymentById,
  holdDeployment,
  setDeploymentState,
  type DeploymentRecord,
} from "./queries.ts";
import { releasesRunBefore, takeAllBack, wayBackOf } from "./roll-back.ts";
import type { RollbackOrder } from "./rollback-order.ts";
import {
  setRollbackOrder,
  takenBackClasses,
  type BackRelease,
  type TakenBackClass,
} from "./rollback-queries.ts";
import { rulesOf } from "./rules-queries.ts";
import { holdingSafeguards } from "./safeguard-queries.ts";
import { endLeftOvers } from "./tend-deployments.ts";

type Request = BodyOf<typeof operations.rollBackDeployment>;

/**
 * Takes back what a deployment brought, on a person's word: it is aborted where it is not over, and the same deployments are
 * made as when it had stopped itself. Asked again for the same, nothing changes. Throws `ApiError` `not-found`,
 * `state-conflict` and `rollback-impossible`; then nothing was changed.
 */
export async function orderRollback(
  db: TenantDb,
  deploymentId: DeploymentId,
  request: Request,
  { name: by, userId: byUser }: Pick<Principal, "name" | "userId">,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  const isAborted = await db.transaction(async (inner) => {
    const before = await holdDeployment(inner, deploymentId);
    if (before === undefined) throw noDeployment();
    const asked = await askedFor(inner, before, request, at);
    const refusal = refusedRollBack(asked.facts);
    if (refusal?.kind === "under-way") return false;
    if (refusal !== null)
      throw new ApiError(
        refusal.kind === "impossible" ? "rollback-impossible" : "state-conflict",
        refusal.sentence,
      );

    const { to } = asked;
    const rollbackOrder: RollbackOrder = { by, byUser, at, to };
    await setRollbackOrder(inner, deploymentId, rollbackOrder);
    const isGoing = isActive(before.state);
    if (isGoing) {
      await setDeploymentState(inner, deploymentId, { state: "aborted", finishedAt: at });
      const body = { kind: "deployment-state-changed", state: "aborted", by } as const;
      await appendEvent(inner, { at, deploymentId, body });
    }
    const body = { kind: "deployment-rolled-back", to: to?.version ?? null, by } as const;
    await appendEvent(inner, { at, deploymentId, body });
    await takeAllBack(inner, { ...before, rollbackOrder }, at);
    await raisePlanningEpoch(inner);
    return isGoing;
  });
  // In transactions of their own: each takes its device's row first. What a crash leaves over, the tender ends.
  if (isAborted) await endLeftOvers(db, at);
}

/** What `orderRollback` would do now. Throws `ApiError` `not-found`. */
export async function previewRollback(
  db: TenantDb,
  deploymentId: DeploymentId,
  request: Request,
  now: InstantMs,
): Promise<RollBackPreview> {
  const deployment = await deploymentById(db, deploymentId);
  if (deployment === undefined) throw noDeployment();
  const { facts, groups } = await askedFor(db, deployment, request, now);
  return {
    ...rehearseRollBack(facts),
    groups: groups.toSorted((left, right) => right.count - left.count),
    problems: facts.gaps.map((gap) => rollbackSentence(gap, "ran")),
  };
}

const noDeployment = (): ApiError =>
  new ApiError("not-found", "There is no deployment with this id.");

interface Asked {
  readonly facts: RollBackFacts;
  readonly groups: RollBackPreview["groups"];
  readonly to: RollbackOrder["to"];
}

async function askedFor(
  db: TenantDb,
  deployment: DeploymentRecord,
  { to: releaseId, unable }: Request,
  now: InstantMs,
): Promise<Asked> {
  const to = releaseId === undefined ? null : await namedRelease(db, deployment, releaseId);
  const way = wayBackOf(deployment);
  const { groups, gaps } = await groupsOf(db, deployment, to, now);
  const facts: RollBackFacts = {
    state: deployment.state,
    version: deployment.version,
    concurrentMax: deployment.plan.limits.concurrentMax,
    isRollback: deployment.rollbackOf !== null,
    underWay: way === null ? null : way.to?.releaseId === to?.releaseId ? "same" : "elsewhere",
    groups: groups.map((group) => ({ ...group, to: group.to?.version ?? null })),
    gaps,
    installing: await countInstalling(db, deployment),
    unable,
  };
  return { facts, groups, to };
}

/** Throws `ApiError` `not-found`. */
async function namedRelease(
  db: TenantDb,
  { product, releaseId: brought }: DeploymentRecord,
  releaseId: ReleaseId,
): Promise<NonNullable<RollbackOrder["to"]>> {
  const { product: its, version } = await releaseOrRefusal(db, releaseId);
  if (its !== product)
    throw new ApiError(
      "not-found",
      `The product ${product} has no release with the id ${releaseId}.`,
    );
  if (releaseId === brought)
    throw new ApiError("rollback-impossible", `${version} is what it brought.`);
  return { releaseId, version };
}

/** Those who begin to install nothing more, as it is aborted, are no part of it. */
async function countInstalling(db: TenantDb, { id, counts }: DeploymentRecord): Promise<number> {
  if (counts.open === 0) return 0;
  return (await progressCounts(db, id))
    .filter(
      ({ state }) => state !== "closed" && state !== "retry-pending" && !isBeforeInstall(state),
    )
    .reduce((sum, { count }) => sum + count, 0);
}

/** Devices to take back by what they go back to, and those that could not. */
async function groupsOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  named: RollbackOrder["to"],
  now: InstantMs,
): Promise<{
  readonly groups: RollBackPreview["groups"];
  readonly gaps: readonly RollbackGap[];
}> {
  const plain = await takenBackClasses(db, deployment, []);
  const found =
    named === null
      ? await releasesRunBefore(db, deployment, plain)
      : new Map<string, BackRelease>();
  const backOf = ({ ranBefore }: TakenBackClass): BackRelease | undefined =>
    named !== null
      ? { id: named.releaseId, version: named.version }
      : ranBefore === null
        ? undefined
        : found.get(ranBefore);
  const classes = await classesBack(db, deployment, plain, backOf);
  const obstacles = await obstaclesTo(db, deployment, classes, backOf, now);
  const groups = new Map<string, RollBackPreview["groups"][number]>();
  const gaps = new Map<string, RollbackGap & { count: number }>();
  for (const { of, back, obstacle } of obstacles) {
    const from = named === null ? of.ranBefore : null;
    const to = back === undefined ? null : { releaseId: back.id, version: back.version };
    const group = groups.get(JSON.stringify([from, to])) ?? { from, to, count: 0, unable: 0 };
    group.count += of.count;
    groups.set(JSON.stringify([from, to]), group);
    if (obstacle === null) continue;
    group.unable += of.count;
    const key = JSON.stringify([from, obstacle]);
    const gap = gaps.get(key) ?? { from, to: back?.version ?? null, obstacle, count: 0 };
    gap.count += of.count;
    gaps.set(key, gap);
  }
  return { groups: [...groups.values()], gaps: [...gaps.values()] };
}

/** Stands in obstacles for the deployment that is not there yet; nobody sees it. */
const NOT_YET = "00000000-0000-0000-0000-000000000000" as DeploymentId;

interface Obstructed {
  readonly of: TakenBackClass;
  readonly back: BackRelease | undefined;
  readonly obstacle: RollbackObstacle | null;
}

async function obstaclesTo(
  db: TenantDb,
  { product, version }: DeploymentRecord,
  classes: readonly TakenBackClass[],
  backOf: (of: TakenBackClass) => BackRelease | undefined,
  now: InstantMs,
): Promise<readonly Obstructed[]> {
  const backs = [...new Set(classes.flatMap((of) => backOf(of)?.id ?? []))];
  const artifacts = await artifactsFor(db, backs, undefined, now);
  const rules = await rulesOf(db, product, backs, [version]);
  const members = await classMembers(
    db,
    classes.map(({ firstId }) => firstId),
  );
  return classes.map((of) => {
    const back = backOf(of);
    const { hardwareType, safeguard } = of;
    const member = members.get(of.firstId) ?? { traits: null, running: null };
    const way =
      back === undefined
        ? null
        : {
            version: back.version,
            artifacts: (artifacts.get(back.id) ?? []).filter(({ hardwareTypes }) =>
              hardwareTypes.includes(hardwareType),
            ),
            rules: rules(back.id),
            safeguard,
          };
    const about = { deploymentId: NOT_YET, now };
    return { of, back, obstacle: wayBackObstacle({ hardwareType, ...member }, way, about) };
  });
}

/**
 * Devices to take back by all that decides whether they can go. A safeguard is its release's own, so each release that has
 * some is asked about by itself.
 */
async function classesBack(
  db: TenantDb,
  deployment: DeploymentRecord,
  plain: readonly TakenBackClass[],
  backOf: (of: TakenBackClass) => BackRelease | undefined,
): Promise<readonly TakenBackClass[]> {
  const backs = [...new Set(plain.flatMap((of) => backOf(of)?.id ?? []))];
  const byRelease = Map.groupBy(await holdingSafeguards(db, backs), ({ releaseId }) => releaseId);
  const kept = plain.filter((of) => {
    const back = backOf(of);
    return back === undefined || !byRelease.has(back.id);
  });
  for (const [releaseId, safeguards] of byRelease) {
    const asked = await takenBackClasses(db, deployment, safeguards);
    kept.push(...asked.filter((of) => backOf(of)?.id === releaseId));
  }
  return kept;
}
