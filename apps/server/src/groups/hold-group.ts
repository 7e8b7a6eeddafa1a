import type { GroupId, ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { lockGroup } from "./queries.ts";

/**
 * Holds the group until the transaction ends, so that it cannot be deleted while something that targets it is made. Gives
 * its product; undefined when the tenant has no such group.
 */
export function holdGroup(db: TenantDb, groupId: GroupId): Promise<ProductName | undefined> {
  return lockGroup(db, groupId);
}
