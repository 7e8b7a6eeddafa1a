import type {
  DeploymentId,
  DeviceId,
  HardwareType,
  ProductName,
  ReleaseId,
  TenantId,
} from "@moult/model";
import { EXACT_TARGET_MAX, PLACES, placeThreshold, type Census } from "@moult/planner";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { stepsTo } from "./rules-queries.ts";
import type { DeploymentRecord } from "./queries.ts";
import { asksQueries, isEverybody, scopeConditions, type Scope } from "./scope-queries.ts";
import { estimated, type StoredCensus } from "./stored-census.ts";
import type { TargetRecord } from "./target-record.ts";
import { scopeOf } from "./target-scope.ts";

/** What says which devices a deployment is for. */
export interface Target {
  readonly id: DeploymentId;
  readonly product: ProductName;
  readonly releaseId: ReleaseId;
  readonly target: TargetRecord;
}

/**
 * Accepted devices of the target that the release has an artifact for. Where queries decide also those that were admitted: a group of
 * all that run less than 2.0 would lose each device that a deployment brings to 2.0, and its shares would shrink under it.
 */
function eligibleDevices(db: TenantDb, { id, product, releaseId, target }: Target) {
  const { tenantId } = db;
  const query = db.kysely
    .selectFrom("device")
    .where("device.tenant_id", "=", tenantId)
    .where("device.product", "=", product)
    .where("device.state", "=", "accepted")
    .where("device.hardware_type", "in", (row) =>
      row
        .selectFrom("artifact_fit")
        .select("artifact_fit.hardware_type")
        .where("artifact_fit.tenant_id", "=", tenantId)
        .where("artifact_fit.release_id", "=", releaseId),
    );
  const scope = scopeOf({ id, target });
  return query.where((row) => {
    const isIn = row.and(scopeConditions(db, row, scope));
    if (!asksQueries(scope)) return isIn;
    const isAdmitted = row.exists(
      row
        .selectFrom("assignment as admitted")
        .select("admitted.id")
        .whereRef("admitted.device_id", "=", "device.id")
        .where(besideIndex(db, sql.ref<TenantId>("admitted.tenant_id")), "=", tenantId)
        .where("admitted.deployment_id", "=", id),
    );
    return row.or([isIn, isAdmitted]);
  });
}

/** `placeOf` in SQL. The cast keeps SQLite from multiplying floating-point numbers, which the product does not fit. */
const placeIn = (salt: number) =>
  sql<number>`(draw * cast(${salt} as bigint)) % ${sql.lit(PLACES)}`;

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
  deployment: Target & Pick<DeploymentRecord, "plan" | "salt" | "census">,
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
  return {
    countedAt: nowMs,
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
  deployment: Target & Pick<DeploymentRecord, "plan" | "salt" | "census">,
): Promise<number[]> {
  const { plan, census } = deployment;
  const thresholds: number[] = [];
  for (const [stage, { size }] of plan.stages.entries()) {
    const own =
      "remaining" in size
        ? PLACES
        : "count" in size
          ? await placeAfter(db, deployment, size.count)
          : Math.max(placeThreshold(size.percent), await placeAfter(db, deployment, 1));
    thresholds.push(Math.max(own, thresholds.at(-1) ?? 0, census?.thresholds[stage] ?? 0));
  }
  return thresholds;
}

/** Below this place there are `count` eligible devices, or all of them. */
async function placeAfter(
  db: TenantDb,
  deployment: Target & Pick<DeploymentRecord, "salt">,
  count: number,
): Promise<number> {
  const row = await eligibleDevices(db, deployment)
    .select(placeIn(deployment.salt).as("place"))
    .orderBy("place")
    .offset(count - 1)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? PLACES : Number(row.place) + 1;
}

/**
 * Whether an eligible device is still without an end. One that a newer deployment brought to its release is none: this
 * deployment will never offer it anything, but where that release was a step on the way.
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
            .$if(steps.length > 0, (query) => query.where("newer.version", "not in", steps)),
        ),
      ),
    )
    .select("device.id")
    .limit(1)
    .executeTakeFirst();
  return left !== undefined;
}

/**
 * How many devices each of some deployments is for, in a fixed number of questions, and one for each query's target that has no
 * count which is kept.
 */
export async function eligibleCounts(
  db: TenantDb,
  deployments: readonly Counted[],
): Promise<ReadonlyMap<DeploymentId, number>> {
  const fits = await hardwareTypesOf(db, [
    ...new Set(deployments.map(({ releaseId }) => releaseId)),
  ]);
  const scoped = deployments.map((one) => ({ one, scope: scopeOf(one) }));
  // What nothing narrows is counted for all at once.
  const plain = (kind: Scope["kind"]) =>
    scoped.flatMap(({ one, scope }) => (scope.kind === kind && isPlain(scope) ? [one] : []));
  const counts = new Map<string, number>();
  for (const [scope, hardwareType, count] of [
    ...(await countByProduct(db, plain("all"))),
    ...(await countByGroup(db, plain("group"))),
    ...(await countByList(db, plain("listed"))),
  ])
    counts.set(`${scope} ${hardwareType}`, count);

  const sums = new Map(
    deployments.map((deployment) => [
      deployment.id,
      (fits.get(deployment.releaseId) ?? [])
        .map((hardwareType) => counts.get(`${countedUnder(deployment)} ${hardwareType}`) ?? 0)
        .reduce((sum, count) => sum + count, 0),
    ]),
  );
  for (const { one, scope } of scoped)
    if (!isPlain(scope)) sums.set(one.id, one.census?.eligible ?? (await countOf(db, one)));
  return sums;
}

type Counted = Target & { readonly census: StoredCensus | null };

const isPlain = (scope: Scope): boolean =>
  isEverybody(scope) || (scope.except === null && ["group", "listed"].includes(scope.kind));

async function countOf(db: TenantDb, target: Target): Promise<number> {
  const row = await eligibleDevices(db, target)
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** What a deployment's devices are counted under: all of the product, of its group, or of its list. */
function countedUnder({ id, product, target }: Target): string {
  const { kind } = scopeOf({ id, target });
  if (kind === "all") return product;
  return kind === "group" && target.kind === "group" ? `${product} ${target.groupId}` : id;
}

type ScopeCount = readonly [scope: string, hardwareType: HardwareType, count: number];

async function hardwareTypesOf(
  db: TenantDb,
  releaseIds: readonly ReleaseId[],
): Promise<ReadonlyMap<ReleaseId, readonly HardwareType[]>> {
  const fits = new Map<ReleaseId, HardwareType[]>(releaseIds.map((id) => [id, []]));
  if (releaseIds.length === 0) return fits;
  const rows = await db.kysely
    .selectFrom("artifact_fit")
    .select(["release_id", "hardware_type"])
    .distinct()
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "in", releaseIds)
    .execute();
  for (const row of rows) fits.get(row.release_id)?.push(row.hardware_type);
  return fits;
}

async function countByProduct(db: TenantDb, of: readonly Target[]): Promise<ScopeCount[]> {
  if (of.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("device")
    .select((row) => ["product", "hardware_type", row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "in", [...new Set(of.map(({ product }) => product))])
    .where("state", "=", "accepted")
    .groupBy(["product", "hardware_type"])
    .execute();
  return rows.map((row) => [row.product, row.hardware_type, Number(row.count)]);
}

async function countByGroup(db: TenantDb, of: readonly Target[]): Promise<ScopeCount[]> {
  const groupIds = of.flatMap(({ target }) => (target.kind === "group" ? [target.groupId] : []));
  if (groupIds.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("device_group_member as member")
    .innerJoin("device", "device.id", "member.device_id")
    .select((row) => [
      "device.product",
      "member.group_id",
      "device.hardware_type",
      row.fn.countAll<number>().as("count"),
    ])
    .where("member.tenant_id", "=", db.tenantId)
    .where("member.group_id", "in", [...new Set(groupIds)])
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.state", "=", "accepted")
    .groupBy(["device.product", "member.group_id", "device.hardware_type"])
    .execute();
  return rows.map((row) => [
    `${row.product} ${row.group_id}`,
    row.hardware_type,
    Number(row.count),
  ]);
}

async function countByList(db: TenantDb, of: readonly Target[]): Promise<ScopeCount[]> {
  if (of.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("deployment_device as listed")
    .innerJoin("device", "device.id", "listed.device_id")
    .select((row) => [
      "listed.deployment_id",
      "device.hardware_type",
      row.fn.countAll<number>().as("count"),
    ])
    .where("listed.tenant_id", "=", db.tenantId)
    .where(
      "listed.deployment_id",
      "in",
      of.map(({ id }) => id),
    )
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.state", "=", "accepted")
    .groupBy(["listed.deployment_id", "device.hardware_type"])
    .execute();
  return rows.map((row) => [row.deployment_id, row.hardware_type, Number(row.count)]);
}
