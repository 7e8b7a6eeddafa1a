import type { DeploymentTarget, ProductName, ReleaseVersion } from "@moult/model";
import { deploymentName } from "@moult/planner";
import { groupFacts } from "../groups/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The name of a deployment that nobody named. */
export async function nameFor(
  db: TenantDb,
  release: { readonly product: ProductName; readonly version: ReleaseVersion },
  target: DeploymentTarget,
): Promise<string> {
  const group = target.kind === "group" ? await groupFacts(db, target.groupId) : undefined;
  return deploymentName(release, target, group?.name);
}
