import type { Scope } from "./class-queries.ts";
import type { DeploymentRecord } from "./queries.ts";

/** The devices of a deployment that exists. */
export function scopeOf({ id, target }: Pick<DeploymentRecord, "id" | "target">): Scope {
  return target.kind === "devices"
    ? { kind: "listed", deploymentId: id }
    : (target as Extract<Scope, { kind: "all" | "group" | "query" }>);
}
