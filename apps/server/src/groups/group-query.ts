import type { GroupId } from "@moult/model";
import { parseQuery, type Query } from "@moult/query";
import type { TenantDb } from "../platform/tenant-db.ts";
import { groupRow } from "./queries.ts";

/** What is true of the devices of a dynamic group, the product included; undefined when it is static or not there. */
export async function groupQuery(db: TenantDb, groupId: GroupId): Promise<Query | undefined> {
  const row = await groupRow(db, groupId);
  if (row === undefined || row.query === null) return undefined;
  return {
    kind: "and",
    parts: [
      {
        kind: "condition",
        field: { kind: "fact", name: "product" },
        operator: "=",
        value: [row.product],
      },
      parseQuery(row.query),
    ],
  };
}
