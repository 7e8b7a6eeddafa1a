import type { InstantMs } from "@moult/base";
import {
  AssignmentState,
  type Deployment,
  type DeploymentProgress,
  type DeploymentRehearsal,
} from "@moult/model";
import {
  countedAs,
  isBeforeInstall,
  isFailure,
  rehearse,
  type RehearsedAction,
} from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { sampleDevices } from "./class-queries.ts";
import {
  endedAlike,
  endsOverTime,
  progressCounts,
  type ProgressCount,
} from "./progress-queries.ts";
import { spanMs, timelineOf } from "./progress-timeline.ts";

const FAILURES_MAX = 20;
const SAMPLES_MAX = 5;

/** How far a deployment is; everything but what the others wait for. */
export async function showProgress(
  db: TenantDb,
  deployment: Deployment,
  at: InstantMs,
): Promise<Omit<DeploymentProgress, "waiting">> {
  const counts = await progressCounts(db, deployment.id);
  const from = Date.parse(deployment.createdAt);
  const to = deployment.finishedAt === null ? at : Date.parse(deployment.finishedAt);
  const ends = await endsOverTime(db, deployment.id, from, spanMs(from, to));
  return {
    stages: stagesOf(deployment, counts),
    openByState: openByState(counts),
    timeline: timelineOf(ends, from, to),
    failures: await failuresOf(db, deployment, counts),
  };
}

function stagesOf(
  deployment: Deployment,
  counts: readonly ProgressCount[],
): DeploymentProgress["stages"] {
  const { plan, stageDevices: added } = deployment;
  return plan.stages.map(({ size }, stage) => {
    const own = counts.filter((count) => count.stage === stage);
    const sum = (is: (count: ProgressCount) => boolean): number =>
      own.filter(is).reduce((total, { count }) => total + count, 0);
    return {
      size,
      deviceCount: added[stage] ?? 0,
      admitted: sum(() => true),
      open: sum((count) => countedAs(count) === "open"),
      succeeded: sum(({ outcome }) => outcome === "succeeded" || outcome === "already-running"),
      failed: sum(({ outcome }) => outcome !== null && isFailure(outcome)),
      state: stageState(deployment, stage),
    };
  });
}

function stageState(
  { state, stage: open }: Deployment,
  stage: number,
): DeploymentProgress["stages"][number]["state"] {
  if (stage < open || state === "finished") return "passed";
  const isStopped = state === "tripped" || state === "aborted";
  if (stage === open) return isStopped ? "stopped" : "running";
  return state === "aborted" ? "skipped" : "next";
}

function openByState(counts: readonly ProgressCount[]): DeploymentProgress["openByState"] {
  const states = AssignmentState.exclude(["closed"]).options;
  return Object.fromEntries(
    states.map((state) => [
      state,
      counts
        .filter((count) => count.state === state)
        .reduce((total, { count }) => total + count, 0),
    ]),
  ) as DeploymentProgress["openByState"];
}

async function failuresOf(
  db: TenantDb,
  { id }: Deployment,
  counts: readonly ProgressCount[],
): Promise<DeploymentProgress["failures"]> {
  const alike = new Map<string, Omit<ProgressCount, "stage" | "state">>();
  for (const { outcome, code, count, state } of counts) {
    if (state !== "closed" || outcome === null || !isFailure(outcome)) continue;
    const key = JSON.stringify([outcome, code]);
    alike.set(key, { outcome, code, count: count + (alike.get(key)?.count ?? 0) });
  }
  const frequent = [...alike.values()]
    .toSorted((left, right) => right.count - left.count)
    .slice(0, FAILURES_MAX);
  const failures: DeploymentProgress["failures"] = [];
  for (const { outcome, code, count } of frequent) {
    if (outcome === null) continue;
    const ended = await endedAlike(db, id, outcome, code, SAMPLES_MAX);
    const samples = await sampleDevices(
      db,
      ended.map(({ deviceId }) => deviceId),
    );
    const detail = ended.find((one) => one.detail !== null)?.detail ?? null;
    failures.push({ outcome, code, count, detail, samples });
  }
  return failures;
}

/** What an operator's word would do to a deployment now. */
export async function rehearseChange(
  db: TenantDb,
  deployment: Deployment,
  action: RehearsedAction,
): Promise<DeploymentRehearsal> {
  const counts = await progressCounts(db, deployment.id);
  const sum = (is: (count: ProgressCount) => boolean): number =>
    counts.filter(is).reduce((total, { count }) => total + count, 0);
  return rehearse(action, {
    ...deployment,
    beforeInstall: sum(({ state }) => isBeforeInstall(state)),
    retrying: sum(({ state }) => state === "retry-pending"),
  });
}
