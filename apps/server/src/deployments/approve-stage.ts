import { isoText, type Clock } from "@moult/base";
import type { DeploymentId, StageApprovals } from "@moult/model";
import { isActive } from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { Principal } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { setApprovals } from "./approval-queries.ts";
import { judgeDeployment } from "./judge-deployment.ts";
import { deploymentById, holdDeployment, setStage, type DeploymentRecord } from "./queries.ts";

/** Who gives an approval; what a program does with a key counts as done by the person who made the key. */
export type Approver = Pick<Principal, "userId" | "name" | "email">;

/**
 * A person's word that a stage may open; asking twice gives one. Throws `ApiError` `not-found`, `state-conflict`, and
 * `forbidden` for whoever made the deployment and whoever is not among those its plan names.
 */
export async function approveStage(
  db: TenantDb,
  deploymentId: DeploymentId,
  stage: number,
  approver: Approver,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    const { deployment, approvals } = await heldForApproval(inner, deploymentId, stage);
    refuseApprover(deployment, approvals, approver);
    if (ownApproval(deployment, stage, approver) !== undefined) return;

    const { userId, name: by, email } = approver;
    const given = { stage, by, email, at: isoText(at), userId };
    await setApprovals(inner, deployment, [...deployment.approvedBy, given]);
    const count = (deployment.approvals[stage] ?? 0) + 1;
    // The first stage opens with its last approval; its times count from then.
    if (stage === 0 && count === approvals.required) await setStage(inner, deploymentId, 0, at);
    const { required } = approvals;
    const body = { kind: "stage-approved", stage, given: count, required, by } as const;
    await appendEvent(inner, { at, deploymentId, body });
    const approved = await deploymentById(inner, deploymentId);
    if (approved !== undefined) await judgeDeployment(inner, approved, at);
    await raisePlanningEpoch(inner);
  });
}

/** Takes one's own approval back, before the stage opened. Throws `ApiError` `not-found` and `state-conflict`. */
export async function withdrawApproval(
  db: TenantDb,
  deploymentId: DeploymentId,
  stage: number,
  approver: Approver,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    const { deployment } = await heldForApproval(inner, deploymentId, stage);
    const own = ownApproval(deployment, stage, approver);
    if (own === undefined) throw conflict(`You have not approved stage ${stage + 1}.`);
    await setApprovals(
      inner,
      deployment,
      deployment.approvedBy.filter((each) => each !== own),
    );
    const body = { kind: "approval-withdrawn", stage, by: approver.name } as const;
    await appendEvent(inner, { at, deploymentId, body });
    await raisePlanningEpoch(inner);
  });
}

async function heldForApproval(
  db: TenantDb,
  deploymentId: DeploymentId,
  stage: number,
): Promise<{ readonly deployment: DeploymentRecord; readonly approvals: StageApprovals }> {
  const deployment = await holdDeployment(db, deploymentId);
  if (deployment === undefined)
    throw new ApiError("not-found", "There is no deployment with this id.");
  const { state, plan } = deployment;
  if (!isActive(state)) throw conflict(`The deployment is ${state}; nothing of it opens any more.`);
  const planned = plan.stages[stage];
  if (planned === undefined) throw conflict(`The deployment has no stage ${stage + 1}.`);
  if (planned.approvals === undefined) throw conflict(`Stage ${stage + 1} needs no approval.`);
  const isOpen =
    stage === 0
      ? (deployment.approvals[0] ?? 0) >= planned.approvals.required
      : stage <= deployment.stage;
  if (isOpen) throw conflict(`Stage ${stage + 1} is open; pause or abort the deployment instead.`);
  return { deployment, approvals: planned.approvals };
}

function refuseApprover(
  { createdByUser }: DeploymentRecord,
  { from }: StageApprovals,
  { userId, email }: Approver,
): void {
  if (userId === createdByUser)
    throw new ApiError("forbidden", "You made this deployment; another person approves it.");
  if (from !== undefined && !from.includes(email.toLowerCase()))
    throw new ApiError("forbidden", `The plan asks ${from.join(", ")} to approve this stage.`);
}

const ownApproval = (
  { approvedBy }: DeploymentRecord,
  stage: number,
  { userId }: Approver,
): DeploymentRecord["approvedBy"][number] | undefined =>
  approvedBy.find((each) => each.stage === stage && each.userId === userId);

const conflict = (sentence: string): ApiError => new ApiError("state-conflict", sentence);
