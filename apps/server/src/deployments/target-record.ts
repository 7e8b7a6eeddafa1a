import { instant, type InstantMs } from "@moult/base";
import type { DeploymentId, GroupId } from "@moult/model";
import { parseQuery, type Query } from "@moult/query";
import type { Selectable } from "kysely";
import { fromJson } from "../platform/columns.ts";
import type { DeploymentTable } from "../platform/schema.ts";
import { StoredTargetTerms, type StoredExclusion } from "../platform/target-terms.ts";
import type { Exclusion } from "./scope-queries.ts";

/** Whom a deployment is for; devices that it names are in rows of their own. */
export type TargetRecord = NamedTarget & {
  /** Whom it has is as it was then; null of a live one. */
  readonly frozenAt: InstantMs | null;
  readonly terms: StoredTargetTerms | null;
  /** The terms' exclusion, ready to be asked. */
  readonly exclusion: Exclusion | null;
  /** The share of it that is never offered anything. */
  readonly holdBackPercent: number | null;
};

export type NamedTarget =
  | { readonly kind: "all" }
  | { readonly kind: "devices" }
  | { readonly kind: "group"; readonly groupId: GroupId; readonly query: Query | null }
  | { readonly kind: "query"; readonly query: Query };

type Row = Selectable<DeploymentTable>;

export function targetFrom(row: Row): TargetRecord {
  const terms = row.target_terms === null ? null : fromJson(StoredTargetTerms, row.target_terms);
  return {
    ...namedFrom(row),
    frozenAt: row.target_frozen === 1 ? instant(row.created_at) : null,
    terms,
    exclusion: exclusionOf(terms?.exclude ?? null, row.id),
    holdBackPercent: terms?.holdBackPercent ?? null,
  };
}

function namedFrom(row: Row): NamedTarget {
  const { target_kind: kind, target_group_id: groupId } = row;
  const query = row.target_query === null ? null : parseQuery(row.target_query);
  if (kind === "group") {
    if (groupId === null) throw new TypeError("a group target names its group");
    return { kind, groupId, query };
  }
  if (kind === "query") {
    if (query === null) throw new TypeError("a query's target has its query");
    return { kind, query };
  }
  return { kind };
}

export function exclusionOf(
  exclude: StoredExclusion | null,
  deploymentId: DeploymentId,
): Exclusion | null {
  if (exclude === null) return null;
  const { groupIds, queries, hasDevices } = exclude;
  return {
    groupIds,
    queries: queries.map(({ query }) => parseQuery(query)),
    devices: hasDevices ? { kind: "listed", deploymentId } : null,
  };
}
