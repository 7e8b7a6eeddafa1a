import type { DeploymentTarget, DeviceId, GroupId, ProductName } from "@moult/model";
import { parseQuery } from "@moult/query";
import { checkedQuery, findGroup, holdGroup } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { StoredExclusion, StoredTargetTerms } from "../platform/target-terms.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countOfProduct } from "./list-queries.ts";
import type { NamedTarget } from "./target-record.ts";

/** A target with its query as a tree, its own or its group's. */
export type CheckedTarget = (
  | Exclude<NamedTarget, { kind: "all" | "devices" }>
  | { readonly kind: "all" }
  | { readonly kind: "devices"; readonly deviceIds: readonly DeviceId[] }
) & {
  readonly isFrozen: boolean;
  readonly terms: StoredTargetTerms | null;
  /** Those that it leaves out by name. */
  readonly excludedIds: readonly DeviceId[];
};

export type How = "hold" | "read";

/**
 * The target, if all of it belongs to the product; each device once. `hold`: in a transaction, until whose end its groups
 * stay. Throws `ApiError` `not-found`, and `state-conflict` of a query that names a group by query.
 */
export async function checkedTarget(
  db: TenantDb,
  target: DeploymentTarget,
  product: ProductName,
  how: How,
): Promise<CheckedTarget> {
  const excludedIds = await checkedDevices(db, product, target.exclude?.deviceIds ?? []);
  const { holdBackPercent } = target;
  const exclude = await checkedExclusion(db, target, product, how);
  const terms =
    exclude === null && holdBackPercent === undefined
      ? null
      : { exclude, ...(holdBackPercent === undefined ? {} : { holdBackPercent }) };
  const isFrozen = target.membership === "frozen";
  return { ...(await checkedMembers(db, target, product, how)), isFrozen, terms, excludedIds };
}

async function checkedMembers(
  db: TenantDb,
  target: DeploymentTarget,
  product: ProductName,
  how: How,
) {
  switch (target.kind) {
    case "all":
      return { kind: "all" } as const;
    case "group": {
      const { groupId } = target;
      const text = await queryOfGroup(db, groupId, product, how);
      return { kind: "group", groupId, query: text === null ? null : parseQuery(text) } as const;
    }
    case "query": {
      const query = parseQuery(await checkedQuery(db, product, target.query));
      return { kind: "query", query } as const;
    }
    case "devices": {
      const deviceIds = await checkedDevices(db, product, target.deviceIds);
      return { kind: "devices", deviceIds } as const;
    }
  }
}

async function checkedExclusion(
  db: TenantDb,
  { exclude }: DeploymentTarget,
  product: ProductName,
  how: How,
): Promise<StoredExclusion | null> {
  if (exclude === undefined) return null;
  const groupIds: GroupId[] = [];
  const queries: StoredExclusion["queries"] = [];
  for (const groupId of new Set(exclude.groupIds)) {
    const query = await queryOfGroup(db, groupId, product, how);
    if (query === null) groupIds.push(groupId);
    else queries.push({ groupId, query });
  }
  if (exclude.query !== undefined)
    queries.push({ groupId: null, query: await checkedQuery(db, product, exclude.query) });
  return { groupIds, queries, hasDevices: exclude.deviceIds !== undefined };
}

/** The query of a group; null of one by list. */
export async function queryOfGroup(
  db: TenantDb,
  groupId: GroupId,
  product: ProductName,
  how: How,
): Promise<string | null> {
  const group = await (how === "hold" ? holdGroup : findGroup)(db, groupId);
  if (group?.product !== product)
    throw new ApiError("not-found", `The product ${product} has no group with this id.`);
  return group.query;
}

async function checkedDevices(
  db: TenantDb,
  product: ProductName,
  named: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const deviceIds = [...new Set(named)];
  const known = deviceIds.length === 0 ? 0 : await countOfProduct(db, product, deviceIds);
  if (known === deviceIds.length) return deviceIds;
  throw new ApiError(
    "not-found",
    `${deviceIds.length - known} of the devices are no devices of the product ${product}.`,
  );
}
