import type { Query } from "@moult/query";
import type { RawBuilder } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { queryCondition } from "./condition-queries.ts";

/** What `matches` says of a device, as a condition on the row `device` of any capability's statement. */
export function deviceCondition(db: TenantDb, query: Query): RawBuilder<boolean> {
  return queryCondition(db, query);
}
