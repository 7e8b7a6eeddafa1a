import type { GroupId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { TargetGroup } from "./find-group.ts";
import { lockGroup } from "./queries.ts";

/**
 * Holds the group until the transaction ends, so that it is neither deleted nor changed while something that targets it is made.
 * Undefined when the tenant has no such group.
 */
export function holdGroup(db: TenantDb, groupId: GroupId): Promise<TargetGroup | undefined> {
  return lockGroup(db, groupId);
}
