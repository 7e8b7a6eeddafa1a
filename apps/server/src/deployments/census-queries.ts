import type { DeviceId } from "@moult/model";
import { EXACT_TARGET_MAX, PLACES, placeThreshold, type Census } from "@moult/planner";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countHeldBack } from "./eligible-count-queries.ts";
import { eligibleDevices, placeIn, type Target } from "./eligible-queries.ts";
import type { DeploymentRecord } from "./queries.ts";
import { stepsTo } from "./rules-queries.ts";
import { asksQueries } from "./scope-queries.ts";
import { estimated, type StoredCensus } from "./stored-census.ts";
import { scopeOf } from "./target-scope.ts";

/** How many devices a deployment is for: exactly when they are few, else as it was last counted. */
export async function censusOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  nowMs: number,
): Promise<Census> {
  const { eligible } = await countUpToExact(db, deployment, undefined);
  if (eligible <= EXACT_TARGET_MAX) return { kind: "exact", eligible };
  return estimated(deployment.census ?? (await countAll(db, deployment, nowMs)));
}

/** The same, with the device's rank when the count is exact. */
export async function standingOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  device: { readonly id: DeviceId; readonly place: number },
  nowMs: number,
): Promise<{ readonly census: Census; readonly rank: number | null }> {
  const { eligible, rank } = await countUpToExact(db, deployment, device);
  if (eligible <= EXACT_TARGET_MAX) return { census: { kind: "exact", eligible }, rank };
  const stored = deployment.census ?? (await countAll(db, deployment, nowMs));
  return { census: estimated(stored), rank: null };
}

/** The devices of an exact census in the order in which stages take them. */
export async function rankedDevices(
  db: TenantDb,
  deployment: DeploymentRecord,
): Promise<DeviceId[]> {
  const rows = await eligibleDevices(db, deployment)
    .select(["device.id as id", placeIn(deployment.salt).as("place")])
    .orderBy("place")
    .orderBy("device.id")
    .limit(EXACT_TARGET_MAX)
    .execute();
  return rows.map(({ id }) => id);
}

/** A query is asked of each device of the product; on behalf of one device only where they are no more than these. */
const ASKED_MAX = 10_000;

async function isAskedOfMany(db: TenantDb, { id, product, target }: Target): Promise<boolean> {
  if (!asksQueries(scopeOf({ id, target }))) return false;
  const beyond = await db.kysely
    .selectFrom("device")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "=", "accepted")
    .offset(ASKED_MAX)
    .limit(1)
    .executeTakeFirst();
  return beyond !== undefined;
}

/** Whether the census is taken from a count that is kept, and has to be. */
export async function isEstimated(db: TenantDb, deployment: DeploymentRecord): Promise<boolean> {
  return (await countUpToExact(db, deployment, undefined)).eligible > EXACT_TARGET_MAX;
}

/** Reads at most one row more than an exact census has, whatever the size of the fleet. */
async function countUpToExact(
  db: TenantDb,
  deployment: DeploymentRecord,
  device: { readonly id: DeviceId; readonly place: number } | undefined,
): Promise<{ readonly eligible: number; readonly rank: number }> {
  if (await isAskedOfMany(db, deployment)) return { eligible: EXACT_TARGET_MAX + 1, rank: 0 };
  const first = eligibleDevices(db, deployment)
    .select(["device.id as id", placeIn(deployment.salt).as("place")])
    .limit(EXACT_TARGET_MAX + 1);
  const before =
    device === undefined
      ? sql<number>`0`
      : sql<number>`coalesce(sum(case when place < ${device.place} or (place = ${device.place} and id < ${device.id})
          then 1 else 0 end), 0)`;
  const row = await db.kysely
    .selectFrom(first.as("eligible"))
    .select((of) => [of.fn.countAll<number>().as("eligible"), before.as("rank")])
    .executeTakeFirstOrThrow();
  return { eligible: Number(row.eligible), rank: Number(row.rank) };
}

/** Counts the whole target: linear in the fleet, so never on behalf of one device but where no count exists yet. */
export async function countAll(
  db: TenantDb,
  deployment: Target & Pick<DeploymentRecord, "plan" | "census">,
  nowMs: number,
): Promise<StoredCensus> {
  const startedAt = performance.now();
  const places = eligibleDevices(db, deployment).select(placeIn(deployment.salt).as("place"));
  const thresholds = await thresholdsOf(db, deployment);
  const below = thresholds.map(
    (threshold) => sql<number>`coalesce(sum(case when place < ${threshold} then 1 else 0 end), 0)`,
  );
  const row = await db.kysely
    .selectFrom(places.as("eligible"))
    .select((of) => [
      of.fn.countAll<number>().as("eligible"),
      ...below.map((count, stage) => count.as(`below${stage}`)),
    ])
    .executeTakeFirstOrThrow();
  const counted: Readonly<Record<string, unknown>> = row;
  const heldBack = await countHeldBack(db, deployment);
  return {
    countedAt: nowMs,
    heldBack,
    tookMs: performance.now() - startedAt,
    eligible: Number(row.eligible),
    thresholds,
    belowThreshold: below.map((_, stage) => Number(counted[`below${stage}`])),
  };
}

/**
 * The place below which devices are in each stage's share. Of a percentage it follows from the number alone, but that
 * every stage has at least one device; of a count it is where the target has so many. Thresholds only grow, so that
 * whoever was in a share stays in it; how many of them get a place is claimed.
 */
async function thresholdsOf(
  db: TenantDb,
  deployment: Target & Pick<DeploymentRecord, "plan" | "census">,
): Promise<number[]> {
  const { plan, census, target } = deployment;
  const kept = 100 - (target.holdBackPercent ?? 0);
  const thresholds: number[] = [];
  for (const [stage, { size }] of plan.stages.entries()) {
    const own =
      "remaining" in size
        ? PLACES
        : "count" in size
          ? await placeAfter(db, deployment, size.count)
          : Math.max(
              placeThreshold((size.percent * kept) / 100),
              await placeAfter(db, deployment, 1),
            );
    thresholds.push(Math.max(own, thresholds.at(-1) ?? 0, census?.thresholds[stage] ?? 0));
  }
  return thresholds;
}

/** Below this place there are `count` eligible devices, or all of them. */
async function placeAfter(db: TenantDb, deployment: Target, count: number): Promise<number> {
  const row = await eligibleDevices(db, deployment)
    .select(placeIn(deployment.salt).as("place"))
    .orderBy("place")
    .offset(count - 1)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? PLACES : Number(row.place) + 1;
}

/**
 * Whether an eligible device is still without an end. One that a newer deployment of no lower priority brought to its release
 * is none: this deployment will never offer it anything, but where that release was a step on the way.
 */
export async function isAnyoneLeft(db: TenantDb, deployment: DeploymentRecord): Promise<boolean> {
  const { tenantId } = db;
  const steps = await stepsTo(db, deployment);
  const left = await eligibleDevices(db, deployment)
    .leftJoin("assignment as own", (join) =>
      join
        .onRef("own.device_id", "=", "device.id")
        .on("own.tenant_id", "=", tenantId)
        .on("own.deployment_id", "=", deployment.id),
    )
    .where("own.closed_at", "is", null)
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom("assignment as later")
            .innerJoin("deployment as newer", "newer.id", "later.deployment_id")
            .select("later.id")
            .whereRef("later.device_id", "=", "device.id")
            .where("later.tenant_id", "=", tenantId)
            .where("later.outcome", "in", ["succeeded", "already-running"])
            .where("newer.number", ">", deployment.number)
            .where("newer.priority", ">=", deployment.plan.priority)
            .$if(steps.length > 0, (query) => query.where("newer.version", "not in", steps)),
        ),
      ),
    )
    .select("device.id")
    .limit(1)
    .executeTakeFirst();
  return left !== undefined;
}
