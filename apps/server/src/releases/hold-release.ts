import type { ReleaseId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { lockRelease, type HeldRelease } from "./queries.ts";

/**
 * Holds the release until the transaction ends, so that neither it nor its artifacts can be deleted while something that
 * uses it is made. Undefined when the tenant has no such release.
 */
export function holdRelease(db: TenantDb, releaseId: ReleaseId): Promise<HeldRelease | undefined> {
  return lockRelease(db, releaseId);
}
