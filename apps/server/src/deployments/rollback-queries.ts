import type {
  ChannelName,
  DeploymentId,
  DeviceId,
  HardwareType,
  ProductName,
  ReleaseId,
  ReleaseVersion,
} from "@moult/model";
import type { SafeguardFacts } from "@moult/planner";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { CLASS_COLUMNS } from "./class-queries.ts";
import { deploymentFrom, type DeploymentRecord } from "./queries.ts";
import type { RollbackOrder } from "./rollback-order.ts";
import { keeping, keptOutBy, type HoldingSafeguard } from "./safeguard-queries.ts";

/** A release that devices could go back to. */
export interface BackRelease {
  readonly id: ReleaseId;
  readonly version: ReleaseVersion;
}

/** The product's release of each of some versions: of the channel where it has one, else the newest. */
export async function releasesOfVersions(
  db: TenantDb,
  product: ProductName,
  channel: ChannelName,
  versions: readonly string[],
): Promise<ReadonlyMap<string, BackRelease>> {
  if (versions.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("release")
    .select(["id", "version", "channel"])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("version", "in", versions as readonly ReleaseVersion[])
    .orderBy("created_at")
    .execute();
  const found = new Map<string, BackRelease>();
  const isOurs = (row: (typeof rows)[number]): boolean => row.channel === channel;
  for (const row of [...rows.filter((each) => !isOurs(each)), ...rows.filter(isOurs)])
    found.set(row.version, { id: row.id, version: row.version });
  return found;
}

export async function releasesById(
  db: TenantDb,
  releaseIds: readonly ReleaseId[],
): Promise<ReadonlyMap<ReleaseId, BackRelease>> {
  const rows = await db.kysely
    .selectFrom("release")
    .select(["id", "version"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "in", releaseIds)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

export async function channelOf(
  db: TenantDb,
  releaseId: ReleaseId,
): Promise<ChannelName | undefined> {
  const row = await db.kysely
    .selectFrom("release")
    .select("channel")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .executeTakeFirst();
  return row?.channel;
}

/**
 * Devices that a deployment updated, that still run what it brought, and that no deployment takes back yet. By what each
 * ran before.
 */
function notTakenBack(db: TenantDb, { id, version }: Pick<DeploymentRecord, "id" | "version">) {
  return db.kysely
    .selectFrom("assignment")
    .innerJoin("device", "device.id", "assignment.device_id")
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.deployment_id", "=", id)
    .where("assignment.outcome", "=", "succeeded")
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.state", "=", "accepted")
    .where("device.running_artifact", "=", version)
    .where(
      sql<boolean>`not exists (select 1 from deployment_device as taken
        join deployment as back on back.id = taken.deployment_id and back.tenant_id = ${db.tenantId}
        where taken.device_id = device.id and taken.tenant_id = ${db.tenantId} and back.rollback_of = ${id})`,
    );
}

export async function countNotTakenBack(
  db: TenantDb,
  deployment: Pick<DeploymentRecord, "id" | "version">,
): Promise<{ readonly ranBefore: string | null; readonly count: number }[]> {
  const rows = await notTakenBack(db, deployment)
    .select(["assignment.ran_before", (row) => row.fn.countAll<number>().as("count")])
    .groupBy("assignment.ran_before")
    .execute();
  return rows.map((row) => ({ ranBefore: row.ran_before, count: Number(row.count) }));
}

/** Puts those that ran `ranBefore` into the list of the deployment that takes them back; undefined: all of them. */
export async function listTakenBack(
  db: TenantDb,
  deployment: Pick<DeploymentRecord, "id" | "version">,
  backId: DeploymentId,
  ranBefore: string | null | undefined,
): Promise<void> {
  const devices = notTakenBack(db, deployment)
    .$if(ranBefore !== undefined, (query) =>
      query.where("assignment.ran_before", ranBefore === null ? "is" : "=", ranBefore!),
    )
    .select((row) => [
      row.val(db.tenantId).as("tenant_id"),
      row.val(backId).as("deployment_id"),
      "device.id as device_id",
    ]);
  await db.kysely
    .insertInto("deployment_device")
    .columns(["tenant_id", "deployment_id", "device_id"])
    .expression(devices)
    .execute();
}

/** The deployments that take another one's devices back, by the one whose devices they are. */
export async function rollbacksOf(
  db: TenantDb,
  deploymentIds: readonly DeploymentId[],
): Promise<ReadonlyMap<DeploymentId, DeploymentId[]>> {
  const by = new Map<DeploymentId, DeploymentId[]>(deploymentIds.map((id) => [id, []]));
  if (deploymentIds.length === 0) return by;
  const rows = await db.kysely
    .selectFrom("deployment")
    .select(["id", "rollback_of"])
    .where("tenant_id", "=", db.tenantId)
    .where("rollback_of", "in", deploymentIds)
    .orderBy("number")
    .execute();
  for (const { id, rollback_of: of } of rows) if (of !== null) by.get(of)?.push(id);
  return by;
}

/** The unfinished deployment that takes devices back to a release, if there is one. */
export async function openRollback(
  db: TenantDb,
  of: DeploymentId,
  releaseId: ReleaseId,
): Promise<DeploymentId | undefined> {
  const row = await db.kysely
    .selectFrom("deployment")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("rollback_of", "=", of)
    .where("release_id", "=", releaseId)
    .where("state", "in", ["running", "paused"])
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** Those that people had taken back and that are over: whoever still installs one of them succeeds later. */
export async function orderedBackAndOver(db: TenantDb): Promise<DeploymentRecord[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("rollback_order", "is not", null)
    .where("state", "in", ["finished", "aborted"])
    .orderBy("number")
    .execute();
  return rows.map(deploymentFrom);
}

export async function setRollbackOrder(
  db: TenantDb,
  deploymentId: DeploymentId,
  order: RollbackOrder,
): Promise<void> {
  await db.kysely
    .updateTable("deployment")
    .set({ rollback_order: JSON.stringify(order) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .execute();
}

/** Devices to take back that are alike in all that decides what they can take. */
export interface TakenBackClass {
  readonly ranBefore: string | null;
  readonly hardwareType: HardwareType;
  /** The one of those asked about that is for them. */
  readonly safeguard: SafeguardFacts | null;
  readonly firstId: DeviceId;
  readonly count: number;
}

export async function takenBackClasses(
  db: TenantDb,
  deployment: Pick<DeploymentRecord, "id" | "version">,
  safeguards: readonly HoldingSafeguard[],
): Promise<TakenBackClass[]> {
  const rows = await notTakenBack(db, deployment)
    .select([
      "assignment.ran_before",
      ...CLASS_COLUMNS,
      keptOutBy(db, safeguards).as("kept_out_by"),
      (row) => row.fn.countAll<number>().as("count"),
      (row) => row.fn.min("device.id").as("first_id"),
    ])
    .groupBy(["assignment.ran_before", ...CLASS_COLUMNS, "kept_out_by"])
    .execute();
  return rows.map((row) => ({
    ranBefore: row.ran_before,
    hardwareType: row.hardware_type,
    safeguard: keeping(safeguards, row.kept_out_by),
    firstId: row.first_id,
    count: Number(row.count),
  }));
}

/** Sentences about devices that cannot be taken back. */
export async function setRollbackProblems(
  db: TenantDb,
  deploymentId: DeploymentId,
  problems: readonly string[],
): Promise<void> {
  await db.kysely
    .updateTable("deployment")
    .set({ rollback_problems: problems.length === 0 ? null : JSON.stringify(problems) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .execute();
}
