import type { Clock } from "@moult/base";
import type { DeploymentId } from "@moult/model";
import {
  deploymentStep,
  lastStage,
  missingApproval,
  pendingApprovalSentence,
  type Ends,
} from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { touchRetryPending } from "./assignment-queries.ts";
import { judgeDeployment } from "./judge-deployment.ts";
import { deploymentById, holdDeployment, setDeploymentState, setStage } from "./queries.ts";
import { endLeftOvers } from "./tend-deployments.ts";

/** What an operator can do with a deployment. */
export type DeploymentAction = "pause" | "resume" | "abort";

/** Carries out an operator's decision. Throws `ApiError` `not-found` and `state-conflict`. */
export async function changeDeployment(
  db: TenantDb,
  deploymentId: DeploymentId,
  action: DeploymentAction,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    const before = await holdDeployment(inner, deploymentId);
    if (before === undefined)
      throw new ApiError("not-found", "There is no deployment with this id.");
    const state = deploymentStep(before.state, action);
    if (state === null)
      throw new ApiError(
        "state-conflict",
        `A deployment that is ${before.state} cannot ${action}.`,
      );

    const { counts } = before;
    await setDeploymentState(inner, deploymentId, {
      state,
      ...(action === "abort" ? { finishedAt: at } : {}),
      // Whoever resumes has seen the failures so far and lets them pass.
      ...(action === "resume" ? { trip: null, waived: endsOf(counts) } : {}),
    });
    const body = { kind: "deployment-state-changed", state, by } as const;
    await appendEvent(inner, { at, deploymentId, body });
    if (action === "resume") {
      await touchRetryPending(inner, deploymentId, at);
      const resumed = await deploymentById(inner, deploymentId);
      // What happened while it stood still may have brought it further.
      if (resumed !== undefined) await judgeDeployment(inner, resumed, at);
    }
    await raisePlanningEpoch(inner);
  });
  // In transactions of their own: each takes its device's row first. What a crash leaves over, the tender ends.
  if (action === "abort") await endLeftOvers(db, at);
}

/**
 * Opens the stage after `stage` on a person's word. Throws `ApiError` `not-found`, and `state-conflict` when it does not
 * run, is in its last stage, or is in another stage by now: who asks twice opens one stage.
 */
export async function openNextStage(
  db: TenantDb,
  deploymentId: DeploymentId,
  stage: number,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    const before = await holdDeployment(inner, deploymentId);
    if (before === undefined)
      throw new ApiError("not-found", "There is no deployment with this id.");
    if (before.state !== "running")
      throw new ApiError(
        "state-conflict",
        `A deployment that is ${before.state} opens no stage; resume it first.`,
      );
    if (before.stage !== stage)
      throw new ApiError("state-conflict", `It is in stage ${before.stage + 1} by now.`);
    if (stage === lastStage(before.plan))
      throw new ApiError("state-conflict", "It is in its last stage.");
    const missing = missingApproval(before);
    if (missing !== null) throw new ApiError("state-conflict", pendingApprovalSentence(missing));

    const opened = await setStage(inner, deploymentId, stage + 1, at);
    const body = { kind: "stage-advanced", stage: stage + 1, by } as const;
    await appendEvent(inner, { at, deploymentId, body });
    if (opened !== undefined) await judgeDeployment(inner, opened, at);
    await raisePlanningEpoch(inner);
  });
}

const endsOf = ({ succeeded, failed, rolledBack, rejected, timedOut, silent }: Ends): Ends => ({
  succeeded,
  failed,
  rolledBack,
  rejected,
  timedOut,
  silent,
});
