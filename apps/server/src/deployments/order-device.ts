import type { Clock, InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId } from "@moult/model";
import {
  CANCELLED,
  countedAs,
  heldBackFrom,
  isUnderWay,
  mayCancel,
  mayRetry,
  placeOf,
} from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdDevice, type AssignmentRecord } from "./assignment-queries.ts";
import { assignmentIn, beginForce, giveTriesAnew } from "./device-order-queries.ts";
import { candidatesOf, planningDevice, type PlanningDevice } from "./facts-queries.ts";
import { holdDeployment, moveCount, type DeploymentRecord } from "./queries.ts";
import { announce, endAssignment } from "./settle-assignment.ts";

/** What a person can ask of one device in one deployment. */
export type DeviceOrder = "force" | "retry" | "cancel";

interface Ordered {
  readonly device: PlanningDevice;
  readonly deployment: DeploymentRecord;
  readonly assignment: AssignmentRecord | undefined;
  readonly by: string;
  readonly at: InstantMs;
}

/** Carries out a person's word about one device. Throws `ApiError` `not-found` and `state-conflict`. */
export async function orderDevice(
  db: TenantDb,
  deploymentId: DeploymentId,
  deviceId: DeviceId,
  order: DeviceOrder,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    // The device's row first, as everywhere, so that no two transactions wait for each other.
    await holdDevice(inner, deviceId);
    const device = await planningDevice(inner, deviceId);
    if (device === undefined) throw new ApiError("not-found", "There is no device with this id.");
    const deployment = await holdDeployment(inner, deploymentId);
    if (deployment === undefined)
      throw new ApiError("not-found", "There is no deployment with this id.");
    const assignment = await assignmentIn(inner, deploymentId, deviceId);
    await ORDERS[order](inner, { device, deployment, assignment, by, at });
    await raisePlanningEpoch(inner);
  });
}

const ORDERS: Readonly<Record<DeviceOrder, (db: TenantDb, ordered: Ordered) => Promise<void>>> = {
  force,
  retry,
  cancel,
};

async function force(
  db: TenantDb,
  { device, deployment, assignment, by, at }: Ordered,
): Promise<void> {
  if (deployment.state !== "running")
    throw conflict(`A deployment that is ${deployment.state} sends nobody ahead.`);
  if (assignment !== undefined && isUnderWay(assignment.state))
    throw conflict("The device is in the update already.");
  if (assignment?.state === "closed")
    throw conflict("The device is done with it; retry it instead.");
  const candidates = await candidatesOf(db, device, "without-others");
  const isConcerned = candidates.some(
    ({ deployment: { id }, isTarget, assignment: own }) =>
      id === deployment.id && (isTarget || own !== null),
  );
  if (!isConcerned) throw conflict("The device is no target of the deployment.");
  const isHeldBack =
    placeOf(device.draw, deployment.salt) >= heldBackFrom(deployment.target.holdBackPercent);
  if (isHeldBack && assignment === undefined)
    throw conflict(
      "The device is among those that the deployment holds back; a deployment of its own brings it there.",
    );
  if (!(await beginForce(db, deployment.id, device.id, by, at))) return;
  await appendEvent(db, {
    at,
    deviceId: device.id,
    deploymentId: deployment.id,
    body: { kind: "device-forced", by },
  });
}

async function retry(db: TenantDb, { deployment, assignment, by, at }: Ordered): Promise<void> {
  if (assignment === undefined) throw conflict("The device was not offered it yet.");
  if (!mayRetry(assignment, deployment.state))
    throw conflict(
      isUnderWay(assignment.state)
        ? "The device is in the update."
        : deployment.state === "finished" || deployment.state === "aborted"
          ? `The deployment is ${deployment.state}; a new one tries again.`
          : "The device has had this update, and it succeeded.",
    );
  await moveCount(db, deployment.id, countedAs(assignment), null);
  await giveTriesAnew(db, assignment, at);
  await announce(db, assignment, { kind: "assignment-retried", by }, at);
}

async function cancel(db: TenantDb, { device, assignment, by, at }: Ordered): Promise<void> {
  if (assignment === undefined) throw conflict("The device was not offered it yet.");
  if (!mayCancel(assignment.state, device.traits?.canAbort !== false))
    throw conflict(
      assignment.state === "closed"
        ? "The device's update is over."
        : "The device has begun and goes on: it succeeds or rolls back by itself.",
    );
  const ending = { outcome: "aborted", code: CANCELLED, detail: `by ${by}` } as const;
  await endAssignment(db, assignment, "closed", ending, at);
}

const conflict = (sentence: string): ApiError => new ApiError("state-conflict", sentence);
