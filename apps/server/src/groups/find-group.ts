import type { GroupId, ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productOfGroup } from "./queries.ts";

/** The group's product; undefined when the tenant has no such group. */
export function findGroupProduct(db: TenantDb, groupId: GroupId): Promise<ProductName | undefined> {
  return productOfGroup(db, groupId);
}
