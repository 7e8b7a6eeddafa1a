import type { GroupId, ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { groupRow } from "./queries.ts";

/** What a target needs to know of its group. */
export interface TargetGroup {
  readonly product: ProductName;
  /** Of a dynamic group. */
  readonly query: string | null;
}

/** Undefined when the tenant has no such group. */
export function findGroup(db: TenantDb, groupId: GroupId): Promise<TargetGroup | undefined> {
  return groupRow(db, groupId);
}
