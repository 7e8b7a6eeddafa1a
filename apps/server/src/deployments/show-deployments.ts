import type { Deployment, DeploymentId, DeploymentTarget, ProductName } from "@moult/model";
import {
  headlineOf,
  isActive,
  nextStageSentence,
  pendingApproval,
  pendingApprovalSentence,
  type Census,
} from "@moult/planner";
import { printQuery } from "@moult/query";
import { isoFrom, isoOrNull } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { eligibleCounts } from "./census-queries.ts";
import { listedDevices } from "./list-queries.ts";
import { rollbacksOf } from "./rollback-queries.ts";
import { estimated } from "./stored-census.ts";
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
  const lists = records.filter(({ target }) => target.kind === "devices").map(({ id }) => id);
  const devices = await listedDevices(db, lists);
  const rollbacks = await rollbacksOf(
    db,
    records.map(({ id }) => id),
  );
  return records.map((record) => ({
    ...shown(record, eligible.get(record.id) ?? 0, devices),
    rollback: {
      of: record.rollbackOf,
      by: rollbacks.get(record.id) ?? [],
      problems: [...record.rollbackProblems],
    },
  }));
}

function shown(
  record: DeploymentRecord,
  eligible: number,
  devices: Awaited<ReturnType<typeof listedDevices>>,
): Omit<Deployment, "rollback"> {
  const tally = { eligible, ...record.counts };
  const census: Census =
    record.census === null ? { kind: "exact", eligible } : estimated(record.census);
  const pending = isActive(record.state) ? pendingApproval(record.plan, record.approvals) : null;
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
    pendingApproval:
      pending === null ? null : { ...pending, sentence: pendingApprovalSentence(pending) },
    trip: record.trip,
    tally,
    headline: headlineOf({ ...record, tally, pendingApproval: pending }),
    createdAt: isoFrom(record.createdAt),
    createdBy: record.createdBy,
    finishedAt: isoOrNull(record.finishedAt),
  };
}

function targetOf(
  { id, target }: DeploymentRecord,
  devices: Awaited<ReturnType<typeof listedDevices>>,
): DeploymentTarget {
  switch (target.kind) {
    case "all":
      return { kind: "all" };
    case "group":
      return { kind: "group", groupId: target.groupId };
    case "query":
      return { kind: "query", query: printQuery(target.query) };
    case "devices":
      return { kind: "devices", deviceIds: devices.get(id) ?? [] };
  }
}
