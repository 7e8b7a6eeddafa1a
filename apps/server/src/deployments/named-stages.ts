import { present } from "@moult/base";
import { isNamedSize, type GroupId, type Plan, type ProductName } from "@moult/model";
import { parseQuery, type Query } from "@moult/query";
import { checkedQuery } from "../groups/index.ts";
import { fromJson } from "../platform/columns.ts";
import { StoredNamedStages } from "../platform/named-stages.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { queryOfGroup, type How } from "./checked-target.ts";

/** Whom a stage names: the devices of a group by list, or those of which a query is true. */
export type NamedStage =
  | { readonly kind: "group"; readonly groupId: GroupId }
  | { readonly kind: "query"; readonly query: Query };

export const namedStagesFrom = (stored: StoredNamedStages): readonly NamedStage[] =>
  stored.map(({ groupId, query }) =>
    query === null
      ? { kind: "group", groupId: present(groupId, "a stage without a query is of a group") }
      : { kind: "query", query: parseQuery(query) },
  );

export const namedStagesFromRow = (text: string | null): readonly NamedStage[] =>
  text === null ? [] : namedStagesFrom(fromJson(StoredNamedStages, text));

/**
 * Whom the stages of a plan name, if all of them are of the product. `hold`: in a transaction, until whose end its groups stay. Throws
 * `ApiError` `not-found`, and `state-conflict` of a query that names a group by query.
 */
export async function checkedNamedStages(
  db: TenantDb,
  { stages }: Plan,
  product: ProductName,
  how: How,
): Promise<StoredNamedStages> {
  const named: StoredNamedStages = [];
  for (const { size } of stages) {
    if (!isNamedSize(size)) break;
    named.push(
      "groupId" in size
        ? { groupId: size.groupId, query: await queryOfGroup(db, size.groupId, product, how) }
        : { groupId: null, query: await checkedQuery(db, product, size.query) },
    );
  }
  return named;
}
