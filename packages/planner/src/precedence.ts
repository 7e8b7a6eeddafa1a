import type { DeploymentId, Plan, WaitReason } from "@moult/model";
import type { DeploymentFacts, ReachedFacts } from "./facts.ts";
import { stepsBefore } from "./version-rules.ts";

/** What says which of two deployments decides for a device that both have something for. */
export interface Precedence {
  readonly number: number;
  readonly priority: Plan["priority"];
}

export const precedenceOf = ({
  number,
  plan: { priority },
}: {
  readonly number: number;
  readonly plan: Pick<Plan, "priority">;
}): Precedence => ({ number, priority });

/** Below 0 when `left` goes before `right`: the higher priority first, and of the same the newer one. */
export const comparePrecedence = (left: Precedence, right: Precedence): number =>
  right.priority - left.priority || right.number - left.number;

/** That `by`, which goes before it, decides instead of a deployment. */
export const supersededBy = (
  deployment: Precedence & { readonly id: DeploymentId },
  by: Precedence & { readonly id: DeploymentId },
): Extract<WaitReason, { kind: "superseded" }> => ({
  kind: "superseded",
  deploymentId: deployment.id,
  byDeploymentId: by.id,
  because: by.priority > deployment.priority ? "higher-priority" : "newer",
});

/**
 * Whether a deployment that brought a device to its release still keeps another one from it. A priority says who goes first, and
 * holds only until its deployment is over: what people wanted since then goes on from there.
 */
export const keepsFrom = (
  reached: Precedence & { readonly isOver: boolean },
  deployment: Precedence,
): boolean =>
  comparePrecedence(reached, deployment) < 0 &&
  (!reached.isOver || reached.number > deployment.number);

/** Why a deployment has nothing for a device that others brought to their releases, but where those were steps on the way. */
export function supersededByReached(
  deployment: DeploymentFacts,
  reached: readonly ReachedFacts[],
): WaitReason | undefined {
  const own = { id: deployment.id, ...precedenceOf(deployment) };
  const ahead = reached
    .filter((one) => keepsFrom(one, own) && !stepsBefore(deployment).includes(one.version))
    .toSorted(comparePrecedence);
  const [first] = ahead;
  return first === undefined ? undefined : supersededBy(own, { id: first.deploymentId, ...first });
}

/** That those after the one that decides have nothing to say. */
export const supersededByAnswer = (
  after: readonly DeploymentFacts[],
  decided: DeploymentFacts,
): readonly WaitReason[] =>
  after.map((one) =>
    supersededBy(
      { id: one.id, ...precedenceOf(one) },
      { id: decided.id, ...precedenceOf(decided) },
    ),
  );
