import type { DeviceId } from "@moult/model";
import type { Query, QueryFacts } from "@moult/query";
import type { TenantDb } from "../platform/tenant-db.ts";
import { queryFactsOf } from "./facts-queries.ts";

/** What these queries can ask about each of some devices, for `matches`; those that are not there are left out. */
export function deviceFacts(
  db: TenantDb,
  deviceIds: readonly DeviceId[],
  queries: readonly Query[],
): Promise<ReadonlyMap<DeviceId, QueryFacts>> {
  return queryFactsOf(db, deviceIds, queries);
}
