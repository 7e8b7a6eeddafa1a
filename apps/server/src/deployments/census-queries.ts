import { isNamedSize, type DeviceId, type NamedSize, type StageSize } from "@moult/model";
import {
  EXACT_TARGET_MAX,
  PLACES,
  placeThreshold,
  shareSize,
  type Census,
  type Standing,
} from "@moult/planner";
import { sql, type RawBuilder } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countHeldBack, countOf } from "./eligible-count-queries.ts";
import { eligibleDevices, placeIn, type Target } from "./eligible-queries.ts";
import { namedCounts, ownStage } from "./named-stage-queries.ts";
import type { DeploymentRecord } from "./queries.ts";
import { stepsTo } from "./rules-queries.ts";
import { asksQueries } from "./scope-queries.ts";
import { estimated, namedIn, type StoredCensus } from "./stored-census.ts";
import { scopeOf } from "./target-scope.ts";

/** How many devices a deployment is for: exactly when they are few, else as it was last counted. */
export async function censusOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  nowMs: number,
): Promise<Census> {
  const { eligible, named } = await countUpToExact(db, deployment, undefined);
  if (eligible <= EXACT_TARGET_MAX) return { kind: "exact", eligible, ...namedIn(named) };
  return estimated(deployment.census ?? (await countAll(db, deployment, nowMs)));
}

/** The same, with the device's rank when the count is exact. */
export async function standingOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  device: AskingDevice,
  nowMs: number,
): Promise<Standing> {
  const { eligible, rank, named } = await countUpToExact(db, deployment, device);
  const { namedStage } = device;
  const own = deployment.namedStages.length === 0 ? {} : { namedStage };
  if (eligible <= EXACT_TARGET_MAX)
    return { census: { kind: "exact", eligible, ...namedIn(named) }, rank, ...own };
  const stored = deployment.census ?? (await countAll(db, deployment, nowMs));
  return { census: estimated(stored), rank: null, ...own };
}

interface AskingDevice {
  readonly id: DeviceId;
  readonly place: number;
  /** The first stage by group or query that has it; null: none has. */
  readonly namedStage: number | null;
}

/** The devices of an exact census in the order in which stages take them. */
export async function rankedDevices(
  db: TenantDb,
  deployment: DeploymentRecord,
): Promise<DeviceId[]> {
  const rows = await eligibleDevices(db, deployment)
    .select([
      "device.id as id",
      placeIn(deployment.salt).as("place"),
      ownStage(db, deployment).as("own_stage"),
    ])
    .orderBy("own_stage")
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
  device: AskingDevice | undefined,
): Promise<{
  readonly eligible: number;
  readonly rank: number;
  readonly named: readonly number[];
}> {
  if (await isAskedOfMany(db, deployment))
    return { eligible: EXACT_TARGET_MAX + 1, rank: 0, named: [] };
  const { namedStages } = deployment;
  const first = eligibleDevices(db, deployment)
    .select([
      "device.id as id",
      placeIn(deployment.salt).as("place"),
      ownStage(db, deployment).as("own_stage"),
    ])
    .limit(EXACT_TARGET_MAX + 1);
  const named = namedStages.map((_, stage) => countWhere(sql`own_stage = ${sql.lit(stage)}`));
  const row = await db.kysely
    .selectFrom(first.as("eligible"))
    .select((of) => [
      of.fn.countAll<number>().as("eligible"),
      (device === undefined
        ? sql<number>`0`
        : countWhere(isBefore(device, device.namedStage ?? namedStages.length))
      ).as("rank"),
      ...named.map((count, stage) => count.as(`named${stage}`)),
    ])
    .executeTakeFirstOrThrow();
  const counted: Readonly<Record<string, unknown>> = row;
  return {
    eligible: Number(row.eligible),
    rank: Number(row.rank),
    named: named.map((_, stage) => Number(counted[`named${stage}`])),
  };
}

const countWhere = (condition: RawBuilder<unknown>) =>
  sql<number>`coalesce(sum(case when ${condition} then 1 else 0 end), 0)`;

const isBefore = ({ id, place }: AskingDevice, stage: number) =>
  sql`own_stage < ${sql.lit(stage)} or (own_stage = ${sql.lit(stage)}
    and (place < ${place} or (place = ${place} and id < ${id})))`;

/** Counts the whole target: linear in the fleet, so never on behalf of one device but where no count exists yet. */
export async function countAll(
  db: TenantDb,
  deployment: Target & Pick<DeploymentRecord, "plan" | "census">,
  nowMs: number,
): Promise<StoredCensus> {
  const startedAt = performance.now();
  const places = eligibleDevices(db, deployment).select([
    placeIn(deployment.salt).as("place"),
    ownStage(db, deployment).as("own_stage"),
  ]);
  const named = await namedCounts(db, deployment);
  const thresholds = await thresholdsOf(db, deployment, named);
  const below = thresholds.map((threshold, stage) => {
    const behind = sql.lit(Math.min(stage + 1, named.length));
    return countWhere(sql`place < ${threshold} or own_stage < ${behind}`);
  });
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
    named: [...named],
    tookMs: performance.now() - startedAt,
    eligible: Number(row.eligible),
    thresholds,
    belowThreshold: below.map((_, stage) => Number(counted[`below${stage}`])),
  };
}

/**
 * The place below which devices are in each stage's share, beside those that stages name: of these the place decides nothing. Of a percentage it follows from the number alone, but that
 * every stage has at least one device; of a count it is where the target has so many. Thresholds only grow, so that
 * whoever was in a share stays in it; how many of them get a place is claimed.
 */
async function thresholdsOf(
  db: TenantDb,
  deployment: Target & Pick<DeploymentRecord, "plan" | "census">,
  named: readonly number[],
): Promise<number[]> {
  const { plan, census } = deployment;
  const thresholds: number[] = [];
  for (const [stage, { size }] of plan.stages.entries()) {
    const own = isNamedSize(size) ? 0 : await thresholdOf(db, deployment, size, named);
    thresholds.push(Math.max(own, thresholds.at(-1) ?? 0, census?.thresholds[stage] ?? 0));
  }
  return thresholds;
}

async function thresholdOf(
  db: TenantDb,
  deployment: Target,
  size: Exclude<StageSize, NamedSize>,
  named: readonly number[],
): Promise<number> {
  if ("remaining" in size) return PLACES;
  const before = named.reduce((sum, count) => sum + count, 0);
  // Those that stages name are in the share already, and it is filled up with others.
  if ("count" in size)
    return size.count > before ? placeAfter(db, deployment, size.count - before) : 0;
  const kept = 100 - (deployment.target.holdBackPercent ?? 0);
  if (before === 0)
    return Math.max(
      placeThreshold((size.percent * kept) / 100),
      await placeAfter(db, deployment, 1),
    );
  const eligible = await countOf(db, deployment);
  const others = shareSize(size, eligible) - before;
  return others <= 0 ? 0 : placeThreshold((others / (eligible - before)) * kept);
}

/** Below this place there are `count` eligible devices that no stage names, or all of them. */
async function placeAfter(db: TenantDb, deployment: Target, count: number): Promise<number> {
  const row = await eligibleDevices(db, deployment)
    .select(placeIn(deployment.salt).as("place"))
    .where(ownStage(db, deployment), "=", deployment.namedStages.length)
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
