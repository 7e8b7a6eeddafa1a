import type { ProductName, ReleaseVersion } from "@moult/model";
import { deploymentName } from "@moult/planner";
import { printQuery } from "@moult/query";
import { groupFacts } from "../groups/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { CheckedTarget } from "./checked-target.ts";

/** The name of a deployment that nobody named. */
export async function nameFor(
  db: TenantDb,
  release: { readonly product: ProductName; readonly version: ReleaseVersion },
  target: CheckedTarget,
): Promise<string> {
  if (target.kind === "query")
    return deploymentName(release, { ...target, query: printQuery(target.query) }, undefined);
  if (target.kind !== "group") return deploymentName(release, target, undefined);
  return deploymentName(release, target, (await groupFacts(db, target.groupId))?.name);
}
