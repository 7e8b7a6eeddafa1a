import * as z from "zod";
import { Deferral } from "./hold.ts";
import { ArtifactId, AssignmentId, DeploymentId, DeviceId, GroupId, ReleaseId } from "./ids.ts";
import { HardwareType, Instant, ProductName, ReleaseVersion } from "./names.ts";
import { Outcome } from "./outcome.ts";
import { Plan } from "./plan.ts";

const QueryText = z.string().min(1).max(2_048);

/** Whom a deployment never offers anything although they are in its target: always as they are now. */
export const TargetExclusion = z
  .strictObject({
    groupIds: z.array(GroupId).min(1).max(20).optional(),
    deviceIds: z.array(DeviceId).min(1).max(1_000).optional(),
    query: QueryText.optional(),
  })
  .refine(({ groupIds, deviceIds, query }) => (groupIds ?? deviceIds ?? query) !== undefined, {
    message: "an exclusion names groups, devices or a query",
  });
export type TargetExclusion = z.infer<typeof TargetExclusion>;

/** What narrows every kind of target. */
const terms = {
  /**
   * `live`, unless told: who comes to be in the target joins, and who no longer is gets no offer. `frozen`: who is in it when
   * the deployment is created, for good.
   */
  membership: z.enum(["live", "frozen"]).optional(),
  exclude: TargetExclusion.optional(),
  /**
   * About this share of the target is never offered anything, to compare the others with. Who is in it is drawn when the
   * deployment is created, and stays.
   */
  holdBackPercent: z.number().gt(0).max(90).optional(),
};

export const DeploymentTarget = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("all"), ...terms }),
  z.strictObject({ kind: z.literal("group"), groupId: GroupId, ...terms }),
  /** Devices of which it is true, always as they are now; in the language of groups by query. */
  z.strictObject({ kind: z.literal("query"), query: QueryText, ...terms }),
  z.strictObject({
    kind: z.literal("devices"),
    deviceIds: z.array(DeviceId).min(1).max(10_000),
    ...terms,
  }),
]);
export type DeploymentTarget = z.infer<typeof DeploymentTarget>;

/**
 * `running` gives out offers; `paused` by an operator; `tripped` by its own error stop; `finished` reached every
 * device of its target; `aborted` by an operator, for good.
 */
export const DeploymentState = z.enum(["running", "paused", "tripped", "finished", "aborted"]);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** Why a deployment stopped itself. */
export const Trip = z.object({
  kind: z.enum(["failure-count", "failure-percent"]),
  stage: z.int().min(0),
  failed: z.int().min(0),
  finished: z.int().min(0),
  /** The bound that was reached: a count or a percentage. */
  limit: z.number(),
  at: Instant,
});
export type Trip = z.infer<typeof Trip>;

/** What a device in an assignment is doing, as it last reported. `retry-pending`: a try failed and another is allowed. */
export const AssignmentState = z.enum([
  "offered",
  "downloading",
  "installing",
  "activating",
  "proving",
  "rolling-back",
  "retry-pending",
  "closed",
]);
export type AssignmentState = z.infer<typeof AssignmentState>;

/** How many devices of the deployment are where. */
export const Tally = z.object({
  /** Devices of the target that the release has an artifact for, now. */
  eligible: z.int().min(0),
  /** Devices that were ever offered it. */
  admitted: z.int().min(0),
  /** Devices that are in the update now. */
  open: z.int().min(0),
  succeeded: z.int().min(0),
  alreadyRunning: z.int().min(0),
  failed: z.int().min(0),
  rolledBack: z.int().min(0),
  rejected: z.int().min(0),
  timedOut: z.int().min(0),
  silent: z.int().min(0),
  aborted: z.int().min(0),
});
export type Tally = z.infer<typeof Tally>;

/** One person's word that a stage may open. */
export const Approval = z.object({
  stage: z.int().min(0),
  by: z.string(),
  email: z.string(),
  at: Instant,
});
export type Approval = z.infer<typeof Approval>;

/** What a deployment has to do with taking devices back. */
const Rollback = z.object({
  /** Who had its devices taken back, and to what: a release, or null for what each ran before. */
  order: z
    .object({
      by: z.string(),
      at: Instant,
      to: z.object({ releaseId: ReleaseId, version: ReleaseVersion }).nullable(),
    })
    .nullable(),
  /** Whose devices it rolls back. */
  of: DeploymentId.nullable(),
  /** Those that roll its own devices back. */
  by: z.array(DeploymentId),
  /** Why some of its devices cannot be rolled back, in sentences. */
  problems: z.array(z.string()),
});

export const Deployment = z.object({
  id: DeploymentId,
  name: z.string(),
  product: ProductName,
  releaseId: ReleaseId,
  version: ReleaseVersion,
  target: DeploymentTarget,
  plan: Plan,
  state: DeploymentState,
  /** Index into `plan.stages` of the stage that is open. */
  stage: z.int().min(0),
  stageOpenedAt: Instant,
  /** What the next stage waits for, in one sentence; null when there is none to wait for. */
  nextStage: z.string().nullable(),
  approvals: z.array(Approval),
  /** The first stage that people have yet to approve; it does not open before. */
  pendingApproval: z
    .object({
      stage: z.int().min(0),
      required: z.int().min(1),
      given: z.int().min(0),
      /** People who could still give one, as roles are now. */
      approversLeft: z.int().min(0),
      sentence: z.string(),
    })
    .nullable(),
  /** When a person let devices install what they have downloaded; null also where the plan waits for none. */
  installationOpenedAt: Instant.nullable(),
  trip: Trip.nullable(),
  tally: Tally,
  /** Devices that it would be for, and holds back. */
  heldBack: z.int().min(0),
  /** How many devices each stage adds to those before it, as the target is now. */
  stageDevices: z.array(z.int().min(0)),
  rollback: Rollback,
  /** Where it stands, in one sentence that a person could say aloud. */
  headline: z.string(),
  createdAt: Instant,
  createdBy: z.string(),
  finishedAt: Instant.nullable(),
});
export type Deployment = z.infer<typeof Deployment>;

/** One try of one device. */
export const Attempt = z.object({
  attempt: z.int().min(1),
  startedAt: Instant,
  finishedAt: Instant.nullable(),
  outcome: Outcome.nullable(),
  /** Machine-readable cause: `download-failed`, `health-check-failed`, ... */
  code: z.string().nullable(),
  detail: z.string().nullable(),
  hasLog: z.boolean(),
});
export type Attempt = z.infer<typeof Attempt>;

/** One device in one deployment. */
export const Assignment = z.object({
  id: AssignmentId,
  /** Stable in its tenant and below 2^31: hawkBit's clients number actions so. */
  number: z.int().min(1),
  deploymentId: DeploymentId,
  deploymentName: z.string(),
  deviceId: DeviceId,
  /** What people call it: `deviceLabel`. */
  deviceName: z.string(),
  hardwareType: HardwareType,
  artifactId: ArtifactId.nullable(),
  /** What the device ran when it was first offered this. */
  ranBefore: z.string().nullable(),
  stage: z.int().min(0),
  state: AssignmentState,
  progressPercent: z.int().min(0).max(100).nullable(),
  /** Why the device does not go on now, while it puts its next step off. */
  deferral: Deferral.extend({ sentence: z.string() }).nullable(),
  outcome: Outcome.nullable(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  attempts: z.array(Attempt),
  offeredAt: Instant,
  updatedAt: Instant,
  closedAt: Instant.nullable(),
});
export type Assignment = z.infer<typeof Assignment>;
