import { assert, unreachable, type InstantMs } from "@moult/base";
import type { AssignmentId, DeploymentId, ReleaseVersion, WaitReason } from "@moult/model";
import {
  countedAs,
  decide,
  recordDecision,
  type ArtifactFacts,
  type Decision,
  type RecordedInputs,
} from "@moult/planner";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  assignmentById,
  insertAssignment,
  insertAttempt,
  reopenAssignment,
  setOpenAssignment,
  takeAssignmentNumber,
  type AssignmentRecord,
} from "./assignment-queries.ts";
import { endForce } from "./device-order-queries.ts";
import { planningDevice, type PlanningDevice } from "./facts-queries.ts";
import { noteOffer } from "./flow-queries.ts";
import { judgeDeployment } from "./judge-deployment.ts";
import { loadFacts } from "./load-facts.ts";
import { claimPlace } from "./claim-queries.ts";
import { enterSite, setSite } from "./site-queries.ts";
import { announce, correctAssignment, endAssignment } from "./settle-assignment.ts";

/** What a device that has an offer is to install. */
export interface Offer {
  readonly assignmentId: AssignmentId;
  readonly deploymentId: DeploymentId;
  readonly attempt: number;
  /** The version of the release, which is the artifact's name. */
  readonly artifactName: ReleaseVersion;
  readonly artifact: Pick<ArtifactFacts, "path" | "sizeBytes" | "sha256">;
  /** It has to be told anew: it may install by now. */
  readonly isUntold: boolean;
}

/** What a device is to do now. */
export type DevicePlan =
  | { readonly kind: "install"; readonly offer: Offer }
  | {
      readonly kind: "nothing-to-do";
      readonly reasons: readonly WaitReason[];
      /** It waits for a place that any device may give back: decide again at each check-in. */
      readonly isContended: boolean;
      /** When it must be decided anew, whatever else happens. */
      readonly until: InstantMs | null;
    };

/**
 * What the device would be told, read without changing anything. Undefined when answering takes a change: that is
 * `planDevice`'s, in a transaction.
 */
export async function previewDevice(
  db: TenantDb,
  deviceId: PlanningDevice["id"],
  isIdle: boolean,
  at: InstantMs,
): Promise<DevicePlan | undefined> {
  const device = await planningDevice(db, deviceId);
  if (device === undefined) return undefined;
  const decision = decide(await loadFacts(db, device, isIdle, at));
  return decision.kind === "wait" || decision.kind === "keep" ? planOf(decision) : undefined;
}

/** Each turn changes the facts for the next: taken back, closed, and what comes then; or a claim that came too late. */
const TURNS_MAX = 6;

/**
 * Decides what the device is to do and makes it so, in the caller's transaction, which holds the device's row: takes the
 * places, writes the assignment, closes what is over. What was claimed by another meanwhile is decided again.
 */
export async function planDevice(
  db: TenantDb,
  deviceId: PlanningDevice["id"],
  isIdle: boolean,
  at: InstantMs,
): Promise<DevicePlan> {
  for (let turn = 1; ; turn += 1) {
    const device = await planningDevice(db, deviceId);
    assert(device !== undefined, "the device of an open transaction exists");
    const facts = await loadFacts(db, device, isIdle, at);
    const decision = decide(facts);
    if (decision.kind === "wait" || decision.kind === "keep") return planOf(decision);
    if (turn > TURNS_MAX) return tooContended(decision);
    const inputs = recordDecision(facts, decision);
    if (decision.kind === "offer") {
      const offer = await makeOffer(db, device, decision, inputs, at);
      if (offer !== undefined) return { kind: "install", offer };
    } else await settle(db, device, decision, inputs, at);
  }
}

/**
 * Takes this update back if it is under way and no longer wanted, in the caller's transaction, which holds the device's row.
 * Nothing else comes of it: a device that is at an update is offered no other one.
 */
export async function takeBackUnwanted(
  db: TenantDb,
  deviceId: PlanningDevice["id"],
  assignmentId: AssignmentId,
  at: InstantMs,
): Promise<void> {
  const device = await planningDevice(db, deviceId);
  assert(device !== undefined, "the device of an open transaction exists");
  const facts = await loadFacts(db, device, false, at);
  if (facts.openAssignment?.id !== assignmentId) return;
  const decision = decide(facts);
  if (decision.kind === "withdraw")
    await settle(db, device, decision, recordDecision(facts, decision), at);
}

type SettlingDecision = Exclude<Decision, { kind: "wait" | "keep" | "offer" }>;

function planOf(decision: Extract<Decision, { kind: "wait" | "keep" }>): DevicePlan {
  if (decision.kind === "wait") {
    const { reasons, isContended, until } = decision;
    return { kind: "nothing-to-do", reasons, isContended, until };
  }
  const { assignment, artifact } = decision;
  return {
    kind: "install",
    offer: {
      assignmentId: assignment.id,
      deploymentId: assignment.deploymentId,
      attempt: assignment.attempt,
      artifactName: assignment.version,
      artifact,
      isUntold: assignment.isUntold,
    },
  };
}

/** Others took the places faster than this device could ask; it asks again at its next check-in. */
function tooContended(
  decision: SettlingDecision | Extract<Decision, { kind: "offer" }>,
): DevicePlan {
  assert(
    decision.kind === "offer" || decision.kind === "close-as-already-running",
    "only a claim can come too late",
  );
  const { id: deploymentId, plan } = decision.deployment;
  const reason: WaitReason = {
    kind: "concurrent-limit",
    deploymentId,
    limit: plan.limits.concurrentMax,
  };
  return { kind: "nothing-to-do", reasons: [reason], isContended: true, until: null };
}

async function makeOffer(
  db: TenantDb,
  device: PlanningDevice,
  { deployment, artifact, attempt, claim }: Extract<Decision, { kind: "offer" }>,
  inputs: RecordedInputs,
  at: InstantMs,
): Promise<Offer | undefined> {
  const own = deployment.assignment;
  const claimed = await claimPlace(db, {
    ...claim,
    from: own === null ? null : countedAs(own),
    to: "open",
    isFirst: own === null,
  });
  if (claimed === undefined) return undefined;
  await noteOffer(db, claimed, claim, at);
  await enterSite(db, claimed.id, claim);
  if (deployment.isForced) await endForce(db, deployment.id, device.id);

  const { stage } = claimed;
  const assignmentId = own?.id ?? newId<AssignmentId>(at);
  if (own === null)
    await insertAssignment(db, {
      id: assignmentId,
      number: await takeAssignmentNumber(db),
      deploymentId: deployment.id,
      deviceId: device.id,
      artifactId: artifact.id,
      ranBefore: device.running?.artifactName ?? null,
      stage,
      state: "offered",
      attempt,
      outcome: null,
      at,
    });
  else await reopenAssignment(db, assignmentId, { artifactId: artifact.id, stage, attempt, at });
  await setSite(db, assignmentId, claim);
  await insertAttempt(db, assignmentId, attempt, at);
  await setOpenAssignment(db, device.id, assignmentId);
  const offered = { id: assignmentId, deviceId: device.id, deploymentId: deployment.id };
  const { version } = deployment;
  await announce(db, offered, { kind: "assignment-offered", attempt, version }, at, inputs);
  return {
    assignmentId,
    deploymentId: deployment.id,
    attempt,
    artifactName: version,
    artifact,
    isUntold: false,
  };
}

async function settle(
  db: TenantDb,
  device: PlanningDevice,
  decision: SettlingDecision,
  inputs: RecordedInputs,
  at: InstantMs,
): Promise<void> {
  switch (decision.kind) {
    case "close-as-running":
      await endAssignment(
        db,
        await recordOf(db, decision.assignment.id),
        "closed",
        { outcome: "succeeded", code: null, detail: null },
        at,
        inputs,
      );
      return;
    case "withdraw":
      await endAssignment(
        db,
        await recordOf(db, decision.assignment.id),
        decision.into,
        { outcome: "aborted", code: "withdrawn", detail: decision.cause },
        at,
        inputs,
      );
      return;
    case "close-as-already-running":
      await closeAsAlreadyRunning(db, device, decision, inputs, at);
      return;
    default:
      unreachable(decision);
  }
}

/** A claim that came too late changes nothing, and the device is decided again. */
async function closeAsAlreadyRunning(
  db: TenantDb,
  device: PlanningDevice,
  { deployment, claim }: Extract<Decision, { kind: "close-as-already-running" }>,
  inputs: RecordedInputs,
  at: InstantMs,
): Promise<void> {
  const own = deployment.assignment;
  if (own !== null) {
    const record = await recordOf(db, own.id);
    const ending = { outcome: "succeeded", code: null, detail: null } as const;
    if (own.state === "closed") await correctAssignment(db, record, ending, at, inputs);
    else await endAssignment(db, record, "closed", ending, at, inputs);
    return;
  }

  const claimed = await claimPlace(db, {
    ...claim,
    from: null,
    to: "alreadyRunning",
    isFirst: false,
  });
  if (claimed === undefined) return;
  const ending = { outcome: "already-running", code: null, detail: null } as const;
  const closed = await insertAssignment(db, {
    id: newId<AssignmentId>(at),
    number: await takeAssignmentNumber(db),
    deploymentId: deployment.id,
    deviceId: device.id,
    artifactId: null,
    ranBefore: device.running?.artifactName ?? null,
    stage: claimed.stage,
    state: "closed",
    attempt: 0,
    outcome: ending.outcome,
    at,
  });
  await announce(db, closed, { kind: "assignment-closed", ...ending }, at, inputs);
  await judgeDeployment(db, claimed, at);
}

async function recordOf(db: TenantDb, assignmentId: AssignmentId): Promise<AssignmentRecord> {
  const record = await assignmentById(db, assignmentId);
  assert(record !== undefined, "an assignment that was decided on exists");
  return record;
}
