import type { DeploymentId, HardwareType, ReleaseId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { eligibleDevices, heldBackDevices, type Target } from "./eligible-queries.ts";
import { namedCounts } from "./named-stage-queries.ts";
import { isEverybody, type Scope } from "./scope-queries.ts";
import type { StoredCensus } from "./stored-census.ts";
import { scopeOf } from "./target-scope.ts";

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
    scoped.flatMap(({ one, scope }) => (scope.kind === kind && isPlain(one, scope) ? [one] : []));
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
    if (!isPlain(one, scope)) sums.set(one.id, one.census?.eligible ?? (await countOf(db, one)));
  return sums;
}

/** How many devices each of them holds back; nothing of those that hold back nobody. */
export async function heldBackCounts(
  db: TenantDb,
  deployments: readonly Counted[],
): Promise<ReadonlyMap<DeploymentId, number>> {
  const counts = new Map<DeploymentId, number>();
  for (const one of deployments)
    if (one.target.holdBackPercent !== null)
      counts.set(one.id, one.census?.heldBack ?? (await countHeldBack(db, one)));
  return counts;
}

export async function countHeldBack(db: TenantDb, target: Target): Promise<number> {
  if (target.target.holdBackPercent === null) return 0;
  const row = await heldBackDevices(db, target)
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** For each of them that has stages by group or query, how many devices are whose own. */
export async function namedCountsOf(
  db: TenantDb,
  deployments: readonly Counted[],
): Promise<ReadonlyMap<DeploymentId, readonly number[]>> {
  const counts = new Map<DeploymentId, readonly number[]>();
  for (const one of deployments)
    if (one.namedStages.length > 0)
      counts.set(one.id, one.census?.named ?? (await namedCounts(db, one)));
  return counts;
}

type Counted = Target & { readonly census: StoredCensus | null };

/** Nothing narrows what it names. */
const isPlain = ({ target }: Counted, scope: Scope): boolean =>
  target.holdBackPercent === null && isPlainScope(scope);

const isPlainScope = (scope: Scope): boolean =>
  isEverybody(scope) || (scope.except === null && ["group", "listed"].includes(scope.kind));

export async function countOf(db: TenantDb, target: Target): Promise<number> {
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
