import type { InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId, GroupId, ProductName } from "@moult/model";
import { matches, parseQuery } from "@moult/query";
import type { ExpressionBuilder } from "kysely";
import { deviceFacts } from "../device-queries/index.ts";
import type { Schema } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";

// Whether one device is in the target of deployments; scope-queries.ts asks the same of all devices of one.

export type DeploymentRow = ExpressionBuilder<Schema, "deployment">;

interface AskedDevice {
  readonly id: DeviceId;
  readonly product: ProductName;
  readonly enrolledAt: InstantMs;
}

const UNFINISHED = ["running", "paused", "tripped"] as const;

/** Unfinished deployments to devices by query beyond this many are not looked at; the first decide. */
const QUERIES_MAX = 200;

/** Which unfinished deployments of the product have a query for target that is true of the device, as it is now. */
export async function membershipsByQuery(
  db: TenantDb,
  { id: deviceId, product }: Pick<AskedDevice, "id" | "product">,
): Promise<DeploymentId[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .select(["id", "target_query"])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "in", UNFINISHED)
    .where("target_query", "is not", null)
    .where("target_frozen", "=", 0)
    .$narrowType<{ target_query: string }>()
    .orderBy("priority", "desc")
    .orderBy("number", "desc")
    .limit(QUERIES_MAX)
    .execute();
  if (rows.length === 0) return [];
  const targets = rows.map(({ id, target_query }) => ({ id, query: parseQuery(target_query) }));
  const queries = targets.map(({ query }) => query);
  const facts = (await deviceFacts(db, [deviceId], queries)).get(deviceId);
  if (facts === undefined) return [];
  return targets.filter(({ query }) => matches(query, facts)).map(({ id }) => id);
}

/** Whether the row's target has the device, but for those that it leaves out. */
export function isMemberOf(
  row: DeploymentRow,
  tenantId: TenantDb["tenantId"],
  { id: deviceId, enrolledAt }: AskedDevice,
  byQuery: readonly DeploymentId[],
) {
  const isInGroup = row.exists(
    row
      .selectFrom("device_group_member as member")
      .select("member.device_id")
      .whereRef("member.group_id", "=", "deployment.target_group_id")
      .where("member.device_id", "=", deviceId)
      .where("member.tenant_id", "=", tenantId),
  );
  const isListed = row.exists(
    row
      .selectFrom("deployment_device as listed")
      .select("listed.device_id")
      .whereRef("listed.deployment_id", "=", "deployment.id")
      .where("listed.device_id", "=", deviceId)
      .where("listed.tenant_id", "=", tenantId),
  );
  const isLive = row("deployment.target_frozen", "=", 0);
  const isAll = row("deployment.target_kind", "=", "all");
  return row.or([
    row.and([isAll, row.or([isLive, row("deployment.created_at", ">=", enrolledAt)])]),
    row.and([row("deployment.target_kind", "=", "group"), isLive, isInGroup]),
    // A list, or what a frozen group or query was; nothing else has rows there.
    row.and([row("deployment.target_kind", "!=", "all"), isListed]),
    ...(byQuery.length === 0 ? [] : [row("deployment.id", "in", byQuery)]),
  ]);
}

/** Which of the deployments leave the device out, as it is now. */
export async function excludingDevice(
  db: TenantDb,
  deviceId: DeviceId,
  deployments: readonly DeploymentRecord[],
): Promise<ReadonlySet<DeploymentId>> {
  const excluding = deployments.flatMap(({ id, target: { exclusion } }) =>
    exclusion === null ? [] : [{ id, ...exclusion }],
  );
  if (excluding.length === 0) return new Set();
  const naming = await namingDevice(
    db,
    deviceId,
    excluding.flatMap(({ id, devices }) => (devices === null ? [] : [id])),
  );
  const named = [...new Set(excluding.flatMap(({ groupIds }) => groupIds))];
  const groups = await groupsAmong(db, deviceId, named);
  const queries = excluding.flatMap((each) => each.queries);
  const facts =
    queries.length === 0 ? undefined : (await deviceFacts(db, [deviceId], queries)).get(deviceId);
  return new Set(
    excluding
      .filter(
        ({ id, groupIds, queries: own }) =>
          naming.has(id) ||
          groupIds.some((groupId) => groups.has(groupId)) ||
          (facts !== undefined && own.some((query) => matches(query, facts))),
      )
      .map(({ id }) => id),
  );
}

async function namingDevice(
  db: TenantDb,
  deviceId: DeviceId,
  deploymentIds: readonly DeploymentId[],
): Promise<ReadonlySet<string>> {
  if (deploymentIds.length === 0) return new Set();
  const rows = await db.kysely
    .selectFrom("deployment_excluded")
    .select("deployment_id")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "in", deploymentIds)
    .where("device_id", "=", deviceId)
    .execute();
  return new Set(rows.map((row) => row.deployment_id));
}

/** Which of these groups by list have the device. */
export async function groupsAmong(
  db: TenantDb,
  deviceId: DeviceId,
  groupIds: readonly GroupId[],
): Promise<ReadonlySet<string>> {
  if (groupIds.length === 0) return new Set();
  const rows = await db.kysely
    .selectFrom("device_group_member")
    .select("group_id")
    .where("tenant_id", "=", db.tenantId)
    .where("group_id", "in", groupIds)
    .where("device_id", "=", deviceId)
    .execute();
  return new Set(rows.map((row) => row.group_id));
}
