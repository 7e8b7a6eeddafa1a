import type {
  Deployment,
  DeploymentId,
  DeploymentTarget,
  DeviceId,
  ProductName,
  TargetExclusion,
} from "@moult/model";
import { headlineOf, nextStageSentence, stageSteps, type Census } from "@moult/planner";
import { printQuery } from "@moult/query";
import { isoFrom, isoOrNull } from "../platform/columns.ts";
import type { StoredExclusion } from "../platform/target-terms.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { possibleApprovers } from "./approval-queries.ts";
import { eligibleCounts, heldBackCounts, namedCountsOf } from "./eligible-count-queries.ts";
import { listedDevices } from "./list-queries.ts";
import type { RollbackOrder } from "./rollback-order.ts";
import { rollbacksOf } from "./rollback-queries.ts";
import { pendingOf, shownApproval } from "./shown-approval.ts";
import { estimated, namedIn } from "./stored-census.ts";
import { activeDeployments, deploymentsByIds, type DeploymentRecord } from "./queries.ts";

/** Those of these that there are, the newest first. */
export async function shownDeployments(
  db: TenantDb,
  deploymentIds: readonly DeploymentId[],
): Promise<Deployment[]> {
  return showDeployments(db, await deploymentsByIds(db, deploymentIds));
}

/** Those that can still change, the newest first. */
export async function unfinishedDeployments(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<Deployment[]> {
  return showDeployments(db, (await activeDeployments(db, product)).toReversed());
}

/** Deployments as operators see them, in a fixed number of questions however many they are. */
export async function showDeployments(
  db: TenantDb,
  records: readonly DeploymentRecord[],
): Promise<Deployment[]> {
  const eligible = await eligibleCounts(db, records);
  const heldBack = await heldBackCounts(db, records);
  const named = await namedCountsOf(db, records);
  const lists = records.filter(({ target }) => target.kind === "devices").map(({ id }) => id);
  const excluding = records
    .filter(({ target: { terms } }) => terms?.exclude?.hasDevices === true)
    .map(({ id }) => id);
  const devices = {
    listed: await listedDevices(db, "deployment_device", lists),
    excluded: await listedDevices(db, "deployment_excluded", excluding),
  };
  const rollbacks = await rollbacksOf(
    db,
    records.map(({ id }) => id),
  );
  const isAwaited = records.some((record) => pendingOf(record) !== null);
  const approvers = isAwaited ? await possibleApprovers(db) : [];
  return records.map((record) => ({
    ...shown(record, eligible.get(record.id) ?? 0, named.get(record.id) ?? [], devices),
    pendingApproval: shownApproval(record, approvers),
    heldBack: heldBack.get(record.id) ?? 0,
    rollback: {
      order: shownOrder(record.rollbackOrder),
      of: record.rollbackOf,
      by: rollbacks.get(record.id) ?? [],
      problems: [...record.rollbackProblems],
    },
  }));
}

function shownOrder(order: RollbackOrder | null): Deployment["rollback"]["order"] {
  if (order === null) return null;
  const { by, at, to } = order;
  return { by, at: isoFrom(at), to };
}

interface NamedDevices {
  readonly listed: ReadonlyMap<DeploymentId, DeviceId[]>;
  readonly excluded: ReadonlyMap<DeploymentId, DeviceId[]>;
}

function shown(
  record: DeploymentRecord,
  eligible: number,
  named: readonly number[],
  devices: NamedDevices,
): Omit<Deployment, "rollback" | "heldBack" | "pendingApproval"> {
  const tally = { eligible, ...record.counts };
  const census: Census =
    record.census === null
      ? { kind: "exact", eligible, ...namedIn(named) }
      : estimated(record.census);
  return {
    id: record.id,
    name: record.name,
    product: record.product,
    releaseId: record.releaseId,
    version: record.version,
    target: targetOf(record, devices),
    plan: record.plan,
    state: record.state,
    stage: record.stage,
    stageOpenedAt: isoFrom(record.stageOpenedAt),
    nextStage: nextStageSentence(record, record.counts, census),
    approvals: record.approvedBy.map(({ stage, by, email, at }) => ({ stage, by, email, at })),
    installationOpenedAt: isoOrNull(record.installationOpenedAt),
    trip: record.trip,
    tally,
    stageDevices: [...stageSteps(record.plan, eligible, named)],
    headline: headlineOf({ ...record, tally, pendingApproval: pendingOf(record) }),
    createdAt: isoFrom(record.createdAt),
    createdBy: record.createdBy,
    finishedAt: isoOrNull(record.finishedAt),
  };
}

function targetOf(
  { id, target }: DeploymentRecord,
  { listed, excluded }: NamedDevices,
): DeploymentTarget {
  const exclude = target.terms?.exclude ?? null;
  const { holdBackPercent } = target;
  const terms = {
    ...(target.frozenAt === null ? {} : { membership: "frozen" as const }),
    ...(exclude === null ? {} : { exclude: excludeOf(exclude, excluded.get(id)) }),
    ...(holdBackPercent === null ? {} : { holdBackPercent }),
  };
  switch (target.kind) {
    case "all":
      return { kind: "all", ...terms };
    case "group":
      return { kind: "group", groupId: target.groupId, ...terms };
    case "query":
      return { kind: "query", query: printQuery(target.query), ...terms };
    case "devices":
      return { kind: "devices", deviceIds: listed.get(id) ?? [], ...terms };
  }
}

function excludeOf(
  { groupIds, queries }: StoredExclusion,
  deviceIds: DeviceId[] = [],
): TargetExclusion {
  const named = [...groupIds, ...queries.flatMap(({ groupId }) => groupId ?? [])];
  const own = queries.find(({ groupId }) => groupId === null);
  return {
    ...(named.length === 0 ? {} : { groupIds: named }),
    ...(deviceIds.length === 0 ? {} : { deviceIds }),
    ...(own === undefined ? {} : { query: own.query }),
  };
}
