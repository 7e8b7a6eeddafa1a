import type { InstantMs } from "@moult/base";
import type {
  DeploymentId,
  DeviceId,
  DeviceState,
  GroupId,
  ProductName,
  TenantId,
} from "@moult/model";
import type { Query } from "@moult/query";
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from "kysely";
import { deviceCondition } from "../device-queries/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import type { Schema } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Some of a product's devices. */
export type Scope = Members & { readonly except: Exclusion | null };

type Members =
  /** `enrolledUntil`: those that came later are none of them. */
  | { readonly kind: "all"; readonly enrolledUntil: InstantMs | null }
  /** A group by list. */
  | { readonly kind: "group"; readonly groupId: GroupId }
  | { readonly kind: "query"; readonly query: Query }
  /** Those that the deployment has written down. */
  | { readonly kind: "listed"; readonly deploymentId: DeploymentId }
  | { readonly kind: "ids"; readonly deviceIds: readonly DeviceId[] };

/** Devices that are left out, as they are now. */
export interface Exclusion {
  readonly groupIds: readonly GroupId[];
  readonly queries: readonly Query[];
  readonly devices:
    | { readonly kind: "listed"; readonly deploymentId: DeploymentId }
    | { readonly kind: "ids"; readonly deviceIds: readonly DeviceId[] }
    | null;
}

/** Whether it is all of the product's devices. */
export const isEverybody = (scope: Scope): boolean =>
  scope.kind === "all" && scope.enrolledUntil === null && scope.except === null;

/** Whether devices come to be in it or fall out of it by what is written down of them. */
export const asksQueries = ({ kind, except }: Scope): boolean =>
  kind === "query" || (except !== null && except.queries.length > 0);

/** Whether its devices are found among all of the product; else they are looked up one by one. */
const isWalked = ({ kind }: Scope): boolean => kind === "all" || kind === "query";

type Row = ExpressionBuilder<Schema, "device">;
type Condition = Expression<SqlBool>;

/** What is true of its devices, as conditions on the row `device`. */
export function scopeConditions(db: TenantDb, row: Row, scope: Scope): readonly Condition[] {
  return [...memberConditions(db, row, scope), ...exceptConditions(db, row, scope.except)];
}

function memberConditions(db: TenantDb, row: Row, scope: Scope): readonly Condition[] {
  switch (scope.kind) {
    case "all": {
      const { enrolledUntil } = scope;
      return enrolledUntil === null ? [] : [row("device.enrolled_at", "<=", enrolledUntil)];
    }
    case "ids":
      return [row("device.id", "in", scope.deviceIds)];
    case "query":
      return [deviceCondition(db, scope.query)];
    case "group":
      return [row("device.id", "in", membersOf(db, row, [scope.groupId]))];
    case "listed":
      return [row("device.id", "in", listedIn(db, row, scope.deploymentId))];
  }
}

function exceptConditions(db: TenantDb, row: Row, except: Exclusion | null): readonly Condition[] {
  if (except === null) return [];
  const { groupIds, queries, devices } = except;
  return [
    ...(groupIds.length === 0 ? [] : [row("device.id", "not in", membersOf(db, row, groupIds))]),
    ...queries.map((query) => row.not(deviceCondition(db, query))),
    ...(devices === null
      ? []
      : devices.kind === "ids"
        ? [row("device.id", "not in", devices.deviceIds)]
        : [row("device.id", "not in", leftOutOf(db, row, devices.deploymentId))]),
  ];
}

const membersOf = (db: TenantDb, row: Row, groupIds: readonly GroupId[]) =>
  row
    .selectFrom("device_group_member")
    .select("device_group_member.device_id")
    .where("device_group_member.tenant_id", "=", db.tenantId)
    .where("device_group_member.group_id", "in", groupIds);

const listedIn = (db: TenantDb, row: Row, deploymentId: DeploymentId) =>
  row
    .selectFrom("deployment_device as listed")
    .select("listed.device_id")
    .where("listed.tenant_id", "=", db.tenantId)
    .where("listed.deployment_id", "=", deploymentId);

const leftOutOf = (db: TenantDb, row: Row, deploymentId: DeploymentId) =>
  row
    .selectFrom("deployment_excluded as left_out")
    .select("left_out.device_id")
    .where("left_out.tenant_id", "=", db.tenantId)
    .where("left_out.deployment_id", "=", deploymentId);

/** Those who left for good are no targets, unless somebody names them one by one. */
export function inScope(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  /** `by-id`: the caller names ids, or wants them in their order, so no other index shall decide. */
  how: "by-class" | "by-id" = isWalked(scope) ? "by-class" : "by-id",
) {
  const isBeside = how === "by-id";
  const column = <Value>(name: string) =>
    isBeside ? besideIndex(db, sql.ref<Value>(name)) : sql.ref<Value>(name);
  const query = db.kysely
    .selectFrom("device")
    .where(column<TenantId>("device.tenant_id"), "=", db.tenantId)
    .where(column<ProductName>("device.product"), "=", product)
    .$if(isWalked(scope), (walked) =>
      walked.where(column<DeviceState>("device.state"), "in", ["pending", "accepted", "rejected"]),
    );
  return query.where((row) => row.and(scopeConditions(db, row, scope)));
}

/** Makes the scope's devices the deployment's own, at most so many; answers how many they are. */
export async function writeDownScope(
  db: TenantDb,
  deploymentId: DeploymentId,
  product: ProductName,
  scope: Scope,
  limit: number,
): Promise<number> {
  const written = await db.kysely
    .insertInto("deployment_device")
    .columns(["tenant_id", "deployment_id", "device_id"])
    .expression(
      inScope(db, product, scope, "by-class")
        .select([
          sql<TenantId>`${db.tenantId}`.as("tenant_id"),
          sql<DeploymentId>`${deploymentId}`.as("deployment_id"),
          "device.id as device_id",
        ])
        .limit(limit),
    )
    .executeTakeFirst();
  return Number(written.numInsertedOrUpdatedRows ?? 0);
}
