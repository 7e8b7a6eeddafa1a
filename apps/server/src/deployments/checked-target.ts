import type { DeploymentTarget, ProductName } from "@moult/model";
import { parseQuery } from "@moult/query";
import { checkedQuery, findGroup, holdGroup } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countOfProduct } from "./list-queries.ts";
import type { TargetRecord } from "./queries.ts";

/** A target with its query as a tree, its own or its group's. */
export type CheckedTarget =
  | Exclude<DeploymentTarget, { kind: "group" | "query" }>
  | Extract<TargetRecord, { kind: "group" | "query" }>;

/**
 * The target, if all of it belongs to the product; each device once. `hold`: in a transaction, until whose end its group
 * stays. Throws `ApiError` `not-found`, and `state-conflict` of a query that names a group by query.
 */
export async function checkedTarget(
  db: TenantDb,
  target: DeploymentTarget,
  product: ProductName,
  how: "hold" | "read",
): Promise<CheckedTarget> {
  switch (target.kind) {
    case "all":
      return target;
    case "group": {
      const find = how === "hold" ? holdGroup : findGroup;
      const group = await find(db, target.groupId);
      if (group?.product !== product)
        throw new ApiError("not-found", `The product ${product} has no group with this id.`);
      return { ...target, query: group.query === null ? null : parseQuery(group.query) };
    }
    case "query":
      return { kind: "query", query: parseQuery(await checkedQuery(db, product, target.query)) };
    case "devices": {
      const deviceIds = [...new Set(target.deviceIds)];
      const known = await countOfProduct(db, product, deviceIds);
      if (known !== deviceIds.length)
        throw new ApiError(
          "not-found",
          `${deviceIds.length - known} of the devices are no devices of the product ${product}.`,
        );
      return { kind: "devices", deviceIds };
    }
  }
}
