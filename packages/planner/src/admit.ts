import { assert, type InstantMs } from "@moult/base";
import type { WaitReason } from "@moult/model";
import type { Census, DeploymentFacts } from "./facts.ts";
import { placeOf } from "./place.ts";
import { gateOf, opensByTimeAt } from "./stage-gate.ts";
import { lastStage, placesTaken, stageCap, stageOfDevice } from "./stage-share.ts";

export type Admission =
  | { readonly isOpen: true; readonly placesMax: number | null }
  | {
      readonly isOpen: false;
      readonly reason: WaitReason;
      readonly isContended: boolean;
      readonly until: InstantMs | null;
    };

/** Whether the device has a place in the stages that are open, or was sent ahead of them. */
export function admit(deployment: DeploymentFacts, draw: number, now: InstantMs): Admission {
  const { assignment, isForced, plan, stage, salt, standing, tally } = deployment;
  // An aborted assignment gave its place back and competes again.
  const hasPlace = assignment !== null && assignment.outcome !== "aborted";
  if (isForced || hasPlace || stage === lastStage(plan)) return { isOpen: true, placesMax: null };
  assert(standing !== null, "a device without a place comes with its standing");

  const { census } = standing;
  const admittedInStage = stageOfDevice(plan, standing, placeOf(draw, salt));
  if (admittedInStage > stage) return notReached(deployment, census, admittedInStage, now);
  const placesMax = stageCap(plan, stage, census);
  if (placesMax === null || placesTaken(tally) < placesMax) return { isOpen: true, placesMax };
  // The target changed since others got their places: the share is full without this device.
  return { ...notReached(deployment, census, stage + 1, now), isContended: true };
}

function notReached(
  { id: deploymentId, plan, stage, stageOpenedAt, waived, tally }: DeploymentFacts,
  census: Census,
  admittedInStage: number,
  now: InstantMs,
): Extract<Admission, { isOpen: false }> {
  const gate = gateOf({ plan, stage, stageOpenedAt, waived }, tally, census, now);
  return {
    isOpen: false,
    reason: { kind: "stage-not-reached", deploymentId, stage, admittedInStage },
    isContended: false,
    // What comes after the next stage hangs on how that one goes.
    until: admittedInStage === stage + 1 ? opensByTimeAt(gate, plan, stage) : null,
  };
}
