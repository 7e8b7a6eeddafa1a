import type {
  ChannelName,
  DeploymentId,
  ProductName,
  ReleaseId,
  ReleaseVersion,
} from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";

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

/** The deployments that take another one's devices back, by the one that stopped itself. */
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
