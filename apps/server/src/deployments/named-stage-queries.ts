import type { DeploymentId, DeviceId, HardwareType, ProductName } from "@moult/model";
import { matches } from "@moult/query";
import { sql, type RawBuilder } from "kysely";
import { deviceCondition, deviceFacts } from "../device-queries/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { eligibleDevices, type Target } from "./eligible-queries.ts";
import { groupsAmong } from "./membership-queries.ts";
import type { NamedStage } from "./named-stages.ts";
import { inScope, type Scope } from "./scope-queries.ts";

/**
 * The stage by group or query that the row `device` is of: the one that it was admitted in, or else the first that has it now; behind
 * the last of them where it is of none. Who was admitted stays where it was: a query such as `running < 2.0` is true of nobody any
 * more whom the stage brought to 2.0, and its shares would shrink under it.
 */
export function ownStage(
  db: TenantDb,
  { id, namedStages }: Pick<Target, "id" | "namedStages">,
): RawBuilder<number> {
  const behind = sql.lit(namedStages.length);
  if (namedStages.length === 0) return sql<number>`${behind}`;
  const admittedIn = sql`(select own.stage from assignment as own where own.device_id = device.id
    and own.deployment_id = ${id} and own.tenant_id = ${db.tenantId}
    and (own.outcome is null or own.outcome <> 'aborted') and own.stage < ${behind})`;
  const steps = namedStages.map(
    (stage, index) => sql`when ${isNamedBy(db, stage)} then ${sql.lit(index)}`,
  );
  return sql<number>`coalesce(${admittedIn}, case ${sql.join(steps, sql` `)} else ${behind} end)`;
}

const isNamedBy = (db: TenantDb, stage: NamedStage) =>
  stage.kind === "query"
    ? deviceCondition(db, stage.query)
    : sql<boolean>`exists (select 1 from device_group_member as named
        where named.group_id = ${stage.groupId} and named.device_id = device.id
        and named.tenant_id = ${db.tenantId})`;

/** For each stage by group or query, how many of a deployment's devices are its own. */
export async function namedCounts(db: TenantDb, target: Target): Promise<readonly number[]> {
  if (target.namedStages.length === 0) return [];
  const stages = eligibleDevices(db, target).select(ownStage(db, target).as("own_stage"));
  const rows = await db.kysely
    .selectFrom(stages.as("eligible"))
    .select((of) => ["own_stage", of.fn.countAll<number>().as("count")])
    .groupBy("own_stage")
    .execute();
  return countsOf(target.namedStages, rows);
}

/** The same of accepted devices of a scope, for a deployment that does not exist yet. */
export async function namedCountsIn(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  target: Pick<Target, "id" | "namedStages">,
  hardwareTypes: readonly HardwareType[],
): Promise<readonly number[]> {
  if (target.namedStages.length === 0 || hardwareTypes.length === 0) return [];
  const stages = inScope(db, product, scope, "by-id")
    .where("device.state", "=", "accepted")
    .where("device.hardware_type", "in", hardwareTypes)
    .select(ownStage(db, target).as("own_stage"));
  const rows = await db.kysely
    .selectFrom(stages.as("eligible"))
    .select((of) => ["own_stage", of.fn.countAll<number>().as("count")])
    .groupBy("own_stage")
    .execute();
  return countsOf(target.namedStages, rows);
}

function countsOf(
  stages: readonly NamedStage[],
  rows: readonly { readonly own_stage: number; readonly count: number }[],
): readonly number[] {
  const counts = new Map(rows.map((row) => [Number(row.own_stage), Number(row.count)]));
  return stages.map((_, stage) => counts.get(stage) ?? 0);
}

/** For each of these that has stages by group or query, the first one that has the device now; null: none has. */
export async function namedStagesOf(
  db: TenantDb,
  deviceId: DeviceId,
  deployments: readonly Pick<Target, "id" | "namedStages">[],
): Promise<ReadonlyMap<DeploymentId, number | null>> {
  const naming = deployments.filter(({ namedStages }) => namedStages.length > 0);
  if (naming.length === 0) return new Map();
  const stages = naming.flatMap(({ namedStages }) => namedStages);
  const groupIds = stages.flatMap((stage) => (stage.kind === "group" ? [stage.groupId] : []));
  const queries = stages.flatMap((stage) => (stage.kind === "query" ? [stage.query] : []));
  const groups = await groupsAmong(db, deviceId, [...new Set(groupIds)]);
  const facts =
    queries.length === 0 ? undefined : (await deviceFacts(db, [deviceId], queries)).get(deviceId);
  const has = (stage: NamedStage): boolean =>
    stage.kind === "group"
      ? groups.has(stage.groupId)
      : facts !== undefined && matches(stage.query, facts);
  return new Map(
    naming.map(({ id, namedStages }) => {
      const first = namedStages.findIndex(has);
      return [id, first === -1 ? null : first];
    }),
  );
}
