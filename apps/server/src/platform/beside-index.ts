import { sql, type Expression } from "kysely";
import type { TenantDb } from "./tenant-db.ts";

/**
 * A column or expression as one that no index of SQLite has: a condition on it is checked, and never decides by which index
 * rows are found. SQLite keeps no statistics here and takes every column for a selective one, so `tenant_id = ?` would make it
 * walk through all of a tenant's rows where a few ids are given. PostgreSQL knows better, and sees the column itself.
 */
export function besideIndex<Value>(
  { dialect }: Pick<TenantDb, "dialect">,
  column: Expression<Value>,
): Expression<Value> {
  return dialect === "sqlite" ? sql<Value>`+${column}` : column;
}
