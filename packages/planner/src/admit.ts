import { assert, type InstantMs } from "@moult/base";
import type { WaitReason } from "@moult/model";
import { pendingApproval } from "./approvals.ts";
import type { Census, DeploymentFacts } from "./facts.ts";
import { placeOf } from "./place.ts";
import { gateOf, opensByTimeAt } from "./stage-gate.ts";
import { lastStage, placesTaken, stageCap, stageOfDevice } from "./stage-share.ts";

export type Admission =
  | {
      readonly isOpen: true;
      readonly placesMax: number | null;
      /** How many stages must have been approved for it; null where that cannot change any more. */
      readonly approvedMin: number | null;
    }
  | {
      readonly isOpen: false;
      readonly reason: WaitReason;
      readonly isContended: boolean;
      readonly until: InstantMs | null;
    };

const OPEN = { isOpen: true, placesMax: null, approvedMin: null } as const;

/**
 * Whether the device has a place in the stages that are open, or was sent ahead of them: past their gates, and never past
 * people who have yet to approve its stage or one before it.
 */
export function admit(deployment: DeploymentFacts, draw: number, now: InstantMs): Admission {
  const { assignment, isForced, plan, stage, salt, standing, tally } = deployment;
  // An aborted assignment gave its place back and competes again.
  const hasPlace = assignment !== null && assignment.outcome !== "aborted";
  if (hasPlace || stage === lastStage(plan)) return OPEN;
  assert(standing !== null, "a device without a place comes with its standing");

  const { census } = standing;
  const admittedInStage = stageOfDevice(plan, standing, placeOf(draw, salt));
  if (isForced) return sentAhead(deployment, admittedInStage);
  if (admittedInStage > stage) return notReached(deployment, census, admittedInStage, now);
  const placesMax = stageCap(plan, stage, census);
  if (placesMax === null || placesTaken(tally) < placesMax)
    return { isOpen: true, placesMax, approvedMin: null };
  // The target changed since others got their places: the share is full without this device.
  return { ...notReached(deployment, census, stage + 1, now), isContended: true };
}

function sentAhead(
  { id: deploymentId, plan, approvals }: DeploymentFacts,
  stage: number,
): Admission {
  const pending = pendingApproval(plan, approvals);
  if (pending === null || pending.stage > stage)
    return { ...OPEN, approvedMin: plan.stages.some((each) => each.approvals) ? stage + 1 : null };
  const reason = { kind: "approval-pending", deploymentId, ...pending } as const;
  return { isOpen: false, reason, isContended: false, until: null };
}

function notReached(
  deployment: DeploymentFacts,
  census: Census,
  admittedInStage: number,
  now: InstantMs,
): Extract<Admission, { isOpen: false }> {
  const { id: deploymentId, stage, tally } = deployment;
  const isNext = admittedInStage === stage + 1;
  const gate = gateOf(deployment, tally, census, now);
  const { kind } = gate;
  return {
    isOpen: false,
    reason:
      isNext && kind === "waits-for-approval"
        ? { ...gate, kind: "approval-pending", deploymentId, stage: admittedInStage }
        : { kind: "stage-not-reached", deploymentId, stage, admittedInStage },
    isContended: false,
    // What comes after the next stage hangs on how that one goes.
    until: isNext ? opensByTimeAt(gate, deployment) : null,
  };
}
