import type { TenantDb } from "../platform/tenant-db.ts";
import { newestRoot } from "./queries.ts";

/** The text of the tenant's newest root, for devices to be provisioned with; undefined before signing was set up. */
export function currentRoot(db: TenantDb): Promise<string | undefined> {
  return newestRoot(db);
}
