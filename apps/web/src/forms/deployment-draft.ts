import { TargetExclusion, type DeploymentTarget, type DeviceId, type Plan } from "@moult/model";
import type { NewDeploymentSearch } from "../server/page-search.ts";
import { queryProblem } from "../components/query-problem.ts";
import { isObject, readPlan, type PlanDraft, type PlanProblems } from "./plan/plan-draft.ts";
import { PLAN_PRESETS } from "./plan/plan-presets.ts";

/** What the address does not carry: kept by the browser until the deployment is made. */
export interface KeptDraft {
  readonly name: string;
  readonly ownPlan: PlanDraft | undefined;
}

export const NAME_LENGTH_MAX = 128;
const KEY = "moult.new-deployment";
const NOTHING: KeptDraft = { name: "", ownPlan: undefined };

export function keptDraft(): KeptDraft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Partial<KeptDraft> | null;
    return {
      name: typeof kept?.name === "string" ? kept.name : "",
      ownPlan: isObject(kept?.ownPlan) ? kept.ownPlan : undefined,
    };
  } catch {
    return NOTHING;
  }
}

export function keepDraft(draft: KeptDraft | undefined): void {
  try {
    if (draft === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

export const deviceIdsOf = (search: NewDeploymentSearch): readonly DeviceId[] =>
  (search.deviceIds ?? "").split(",").filter((part) => part !== "") as DeviceId[];

/** Which kind of target is chosen: a link may name a group or devices alone. */
export const targetKindOf = (search: NewDeploymentSearch): DeploymentTarget["kind"] | undefined =>
  search.target ??
  (search.groupId !== undefined
    ? "group"
    : search.query !== undefined
      ? "query"
      : search.deviceIds !== undefined
        ? "devices"
        : undefined);

/** Whom the target leaves out; undefined when nobody, or what the address says is none. */
export function exclusionOf({ exclude }: NewDeploymentSearch): TargetExclusion | undefined {
  try {
    return exclude === undefined ? undefined : TargetExclusion.safeParse(JSON.parse(exclude)).data;
  } catch {
    return undefined;
  }
}

/** The same with another query, as the address carries it. */
export function withExcludedQuery(search: NewDeploymentSearch, query: string): string | undefined {
  const { query: _, ...rest } = exclusionOf(search) ?? {};
  const exclude = query === "" ? rest : { ...rest, query };
  return Object.keys(exclude).length === 0 ? undefined : JSON.stringify(exclude);
}

const HOLD_BACK_MAX = 90;

/** Why the share that is held back cannot be; null when it can, or when there is none. */
export function holdBackProblem({ holdBack = "" }: NewDeploymentSearch): string | null {
  const percent = Number(holdBack);
  return holdBack === "" || (percent > 0 && percent <= HOLD_BACK_MAX)
    ? null
    : `A percentage above 0, and at most ${HOLD_BACK_MAX}.`;
}

/** The target, once it is whole. */
export function targetOf(search: NewDeploymentSearch): DeploymentTarget | undefined {
  const exclude = exclusionOf(search);
  // What cannot be read would otherwise be deployed to.
  if (search.exclude !== undefined && exclude === undefined) return undefined;
  if (exclude?.query !== undefined && queryProblem(exclude.query) !== null) return undefined;
  if (holdBackProblem(search) !== null) return undefined;
  const { holdBack = "" } = search;
  const members = membersOf(search);
  return members === undefined
    ? undefined
    : {
        ...members,
        ...(search.frozen === undefined ? {} : { membership: "frozen" }),
        ...(exclude === undefined ? {} : { exclude }),
        ...(holdBack === "" ? {} : { holdBackPercent: Number(holdBack) }),
      };
}

function membersOf(search: NewDeploymentSearch): DeploymentTarget | undefined {
  switch (targetKindOf(search)) {
    case "all":
      return { kind: "all" };
    case "group":
      return search.groupId === undefined ? undefined : { kind: "group", groupId: search.groupId };
    case "query": {
      const { query = "" } = search;
      const isQuery = query.trim() !== "" && queryProblem(query) === null;
      return isQuery ? { kind: "query", query } : undefined;
    }
    case "devices": {
      const deviceIds = [...deviceIdsOf(search)];
      return deviceIds.length === 0 ? undefined : { kind: "devices", deviceIds };
    }
    case undefined:
      return undefined;
  }
}

export interface ChosenPlan {
  readonly choice: "careful" | "fast" | "own";
  readonly draft: PlanDraft;
  readonly plan: Plan | undefined;
  readonly problems: PlanProblems;
}

export function planOf(search: NewDeploymentSearch, ownPlan: PlanDraft | undefined): ChosenPlan {
  const choice = search.plan ?? "careful";
  const draft = choice === "own" ? (ownPlan ?? PLAN_PRESETS.careful) : PLAN_PRESETS[choice];
  return { choice, draft, ...readPlan(draft) };
}

/** What the server is asked about and told to do; undefined until release, target and plan are there. */
export function deploymentBody(search: NewDeploymentSearch, plan: Plan | undefined) {
  const target = targetOf(search);
  const { releaseId } = search;
  return releaseId === undefined || target === undefined || plan === undefined
    ? undefined
    : { releaseId, target, plan };
}
export type DeploymentBody = NonNullable<ReturnType<typeof deploymentBody>>;

/** What is still to be chosen, for the button that waits for it. */
export function missingOf(search: NewDeploymentSearch, plan: Plan | undefined): string | undefined {
  if (search.releaseId === undefined) return "choose a release first";
  switch (targetKindOf(search)) {
    case undefined:
      return "choose the devices first";
    case "group":
      if (search.groupId === undefined) return "choose a group first";
      break;
    case "query":
      if (membersOf(search) === undefined) return "write the query first";
      break;
    case "devices":
      if (deviceIdsOf(search).length === 0) return "choose a device first";
      break;
    case "all":
      break;
  }
  if (holdBackProblem(search) !== null) return "say how many to hold back first";
  if (targetOf(search) === undefined) return "say whom to leave out first";
  return plan === undefined ? "the plan has a mistake" : undefined;
}
