import type { DeviceId, GroupId, ProductName } from "@moult/model";
import { conditionsIn, fits, matches, parseQuery, type Query } from "@moult/query";
import { deviceFacts } from "../device-queries/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { unfinishedQueries } from "./deployment-queries.ts";
import { dynamicGroupRows, safeguardQueries } from "./queries.ts";

interface DynamicGroup {
  readonly id: GroupId;
  readonly name: string;
  readonly product: ProductName;
  readonly query: Query;
}

/** The tenant's groups by query, or those of one product. */
async function dynamicGroups(
  db: TenantDb,
  product?: ProductName,
): Promise<readonly DynamicGroup[]> {
  const rows = await dynamicGroupRows(db, product);
  return rows.map(({ query, ...row }) => ({ ...row, query: parseQuery(query) }));
}

/** Which groups by query each of these devices is in. */
export async function dynamicGroupsOf(
  db: TenantDb,
  deviceIds: readonly DeviceId[],
): Promise<ReadonlyMap<DeviceId, readonly GroupId[]>> {
  const groups = await dynamicGroups(db);
  if (groups.length === 0) return new Map();
  const queries = groups.map(({ query }) => query);
  const factsById = await deviceFacts(db, deviceIds, queries);
  return new Map(
    [...factsById].map(([deviceId, facts]) => [
      deviceId,
      groups
        .filter(({ product, query }) => product === facts.product && matches(query, facts))
        .map(({ id }) => id),
    ]),
  );
}

/**
 * The product's groups, its unfinished deployments and the safeguards of its releases, whose query would mean something else
 * if no group had this name any more.
 */
export async function queriesNaming(
  db: TenantDb,
  product: ProductName,
  name: string,
): Promise<
  readonly { readonly of: "group" | "deployment" | "safeguard"; readonly name: string }[]
> {
  const groups = await dynamicGroupRows(db, product);
  const deployments = await unfinishedQueries(db, product);
  const safeguards = await safeguardQueries(db, product);
  return [
    ...groups.map((row) => ({ of: "group" as const, ...row })),
    ...deployments.map((row) => ({ of: "deployment" as const, ...row })),
    ...safeguards.map((row) => ({ of: "safeguard" as const, ...row })),
  ]
    .filter(({ query }) => groupPatterns(parseQuery(query)).some((pattern) => fits(pattern, name)))
    .map(({ of, name: own }) => ({ of, name: own }));
}

/** The first group by query that this one names, which it would never find a device in. */
export async function dynamicGroupNamedIn(
  db: TenantDb,
  product: ProductName,
  query: Query,
): Promise<string | undefined> {
  const named = new Set(
    groupPatterns(query).flatMap(([name, ...more]) => (more.length === 0 ? [name] : [])),
  );
  if (named.size === 0) return undefined;
  return (await dynamicGroups(db, product)).find(({ name }) => named.has(name))?.name;
}

const groupPatterns = (query: Query) =>
  conditionsIn(query).flatMap(({ field, value }) =>
    field.kind === "fact" && field.name === "group" ? [value] : [],
  );
