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
  switch (target.kind) {
    case "all":
      return deploymentName(release, { kind: "all" }, undefined);
    case "devices":
      return deploymentName(
        release,
        { kind: "devices", deviceIds: [...target.deviceIds] },
        undefined,
      );
    case "query":
      return deploymentName(release, { kind: "query", query: printQuery(target.query) }, undefined);
    case "group": {
      const { kind, groupId } = target;
      return deploymentName(release, { kind, groupId }, (await groupFacts(db, groupId))?.name);
    }
  }
}
