import type { DeviceFilter } from "@moult/api";
import type { DeviceState, HardwareType, ProductName } from "@moult/model";
import { parseQuery, type Condition, type Query } from "@moult/query";
import { groupQuery } from "../groups/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** A filter in which all that is a query stands as one. */
export interface QueriedFilter {
  readonly filter: Omit<DeviceFilter, "query" | "attribute">;
  /** What must be true beside the filter. */
  readonly queries: readonly Query[];
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Takes the query that was given and that of a dynamic group out of a filter, and puts into it what they demand that has an index:
 * it is demanded twice then, once to find devices by and once as what it is.
 */
export async function queriedFilter(
  db: TenantDb,
  { query, attribute = [], groupId, ...filter }: DeviceFilter,
): Promise<QueriedFilter> {
  const ofGroup = groupId === undefined ? undefined : await groupQuery(db, groupId);
  const queries = [
    ...(query === undefined ? [] : [parseQuery(query)]),
    ...(ofGroup === undefined ? [] : [ofGroup]),
  ];
  const demanded = queries.flatMap(demands);
  const valueOf = (name: string): string | undefined =>
    demanded.find(({ field }) => field.kind === "fact" && field.name === name)?.value[0];
  const found = {
    product: filter.product ?? (valueOf("product") as ProductName | undefined),
    state: filter.state ?? (valueOf("state") as DeviceState | undefined),
    hardwareType: filter.hardwareType ?? (valueOf("hardwareType") as HardwareType | undefined),
    running: filter.running ?? valueOf("running"),
  };
  return {
    filter: { ...filter, ...found, groupId: ofGroup === undefined ? groupId : undefined },
    queries,
    attributes: [
      ...attribute.map(nameAndValue),
      ...demanded.flatMap(({ field, value: [value] }) =>
        field.kind === "inventory" ? [{ name: field.name, value }] : [],
      ),
    ],
  };
}

/** Conditions that hold of each device that the query is true of, each a text that something must equal. */
function demands(query: Query): readonly Condition[] {
  if (query.kind === "and") return query.parts.flatMap(demands);
  const isDemand = query.kind === "condition" && query.operator === "=" && query.value.length === 1;
  return isDemand ? [query] : [];
}

function nameAndValue(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf("=");
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
