import {
  DeviceIdentity,
  deviceLabel,
  type DeploymentId,
  type DeviceId,
  type GroupId,
  type TenantId,
} from "@moult/model";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** What people call some devices. */
export async function deviceLabels(
  db: TenantDb,
  deviceIds: readonly DeviceId[],
): Promise<ReadonlyMap<DeviceId, string>> {
  if (deviceIds.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("device")
    .select(["id", "name", "identity"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("id", "in", deviceIds)
    .execute();
  return new Map(
    rows.map(({ id, name, identity }) => [
      id,
      deviceLabel({ name, identity: fromJson(DeviceIdentity, identity) }),
    ]),
  );
}

export async function deploymentNames(
  db: TenantDb,
  deploymentIds: readonly DeploymentId[],
): Promise<ReadonlyMap<DeploymentId, { readonly name: string; readonly version: string }>> {
  if (deploymentIds.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("deployment")
    .select(["id", "name", "version"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("id", "in", deploymentIds)
    .execute();
  return new Map(rows.map(({ id, name, version }) => [id, { name, version }]));
}

export async function groupNames(
  db: TenantDb,
  groupIds: readonly GroupId[],
): Promise<ReadonlyMap<GroupId, string>> {
  if (groupIds.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("device_group")
    .select(["id", "name"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("id", "in", groupIds)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
