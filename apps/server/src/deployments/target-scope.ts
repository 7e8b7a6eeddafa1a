import { present } from "@moult/base";
import type { NamedTarget } from "./target-record.ts";
import type { DeploymentRecord } from "./queries.ts";
import type { Exclusion, Scope } from "./scope-queries.ts";

/** The devices of a deployment that exists. */
export function scopeOf({ id, target }: Pick<DeploymentRecord, "id" | "target">): Scope {
  const { frozenAt, exclusion: except } = target;
  if (target.kind === "all") return { kind: "all", enrolledUntil: frozenAt, except };
  return target.kind === "devices" || frozenAt !== null
    ? { kind: "listed", deploymentId: id, except }
    : liveScope(target, except);
}

/** The devices of a group or a query, as they are now. */
export function liveScope(
  target: Extract<NamedTarget, { kind: "group" | "query" }>,
  except: Exclusion | null,
): Scope {
  return target.kind === "group" && target.query === null
    ? { kind: "group", groupId: target.groupId, except }
    : { kind: "query", query: present(target.query, "what is no list has a query"), except };
}
