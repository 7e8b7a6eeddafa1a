import * as z from "zod";
import { AssignmentId, DeploymentId, SafeguardId } from "./ids.ts";
import { DeviceHold, DeviceState, UnheededTerm } from "./device.ts";
import { DeploymentState } from "./deployment.ts";
import { Hold, HoldPoint } from "./hold.ts";
import { HardwareType, Instant, ReleaseVersion } from "./names.ts";
import { Outcome } from "./outcome.ts";
import { ReportedContext } from "./reported-context.ts";

const of = <Kind extends string>(kind: Kind) => z.object({ kind: z.literal(kind) });
const inDeployment = <Kind extends string>(kind: Kind) =>
  of(kind).extend({ deploymentId: DeploymentId });

/**
 * Why a device is not offered an update: every "no" of the planner is one of these, and the UI, the CLI and the API
 * show the same ones. A reason completes the sentence "waiting, because ...".
 */
export const WaitReason = z.discriminatedUnion("kind", [
  of("device-not-accepted").extend({ state: DeviceState }),
  /** Two machines speak with this device's key; an operator decides which one is real. */
  of("identity-conflict"),
  /** A person wants no deployment to offer it anything. */
  of("device-held").extend(DeviceHold.shape),
  /** Somebody at the device installed this artifact from a file and has neither committed it nor taken it back. */
  of("installation-undecided").extend({ artifactName: z.string() }),
  of("no-deployment"),
  of("update-in-progress").extend({ deploymentId: DeploymentId, assignmentId: AssignmentId }),
  /** It is in an update, and its device puts the next step off. */
  inDeployment("deferred-by-device").extend({
    assignmentId: AssignmentId,
    before: HoldPoint,
    holds: z.array(Hold),
  }),
  inDeployment("not-in-target").extend({
    /** `frozen`: it was not in the target when the deployment was created, and nobody joins. */
    because: z.enum(["not-a-member", "excluded", "frozen"]),
  }),
  /** It is in the share that the deployment holds back, and never offers anything. */
  inDeployment("held-back-share").extend({ percent: z.number() }),
  inDeployment("deployment-not-running").extend({ state: DeploymentState }),
  inDeployment("already-running"),
  inDeployment("no-artifact-for-hardware").extend({ hardwareType: HardwareType }),
  inDeployment("outside-path-prefix").extend({ pathPrefix: z.string(), path: z.string() }),
  /** The device takes only what offline keys signed, and they have not signed this yet. */
  inDeployment("release-not-signed").extend({ path: z.string() }),
  /** They have, and what they signed is over. */
  inDeployment("trust-expired").extend({ path: z.string() }),
  /** They allow it from this instant on. */
  inDeployment("too-early").extend({ until: Instant }),
  /** They allow it for newer agents only. */
  inDeployment("agent-too-old").extend({ minAgent: z.string(), agent: z.string() }),
  /** The device has run a release that closed a hole, and this one is from before. */
  inDeployment("security-counter-too-low").extend({
    releaseCounter: z.int().min(0),
    deviceCounter: z.int().min(0),
  }),
  /** They forbid it beside what the device has. */
  inDeployment("conflict").extend({ name: z.string(), value: z.string() }),
  inDeployment("payload-type-unsupported").extend({ payloadTypes: z.array(z.string()) }),
  /** The plan says what the device's client cannot be told. */
  inDeployment("terms-unheeded").extend({ terms: z.array(UnheededTerm).min(1) }),
  /** The device takes files without their artifact, and this artifact's are compressed or of several payloads. */
  inDeployment("payload-not-bare"),
  inDeployment("depends-unmet").extend({
    name: z.string(),
    wanted: z.array(z.string()),
    provided: z.string().nullable(),
  }),
  /** The release is for devices that run at least this. `runs`: null where the device has not said what it runs. */
  inDeployment("minimum-version").extend({
    minimumFrom: ReleaseVersion,
    runs: z.string().nullable(),
  }),
  /** Another release must be run first. */
  inDeployment("must-pass-through").extend({
    version: ReleaseVersion,
    runs: z.string().nullable(),
  }),
  /** The release is known to do harm on devices like it; `note` says which. A person lifts it. */
  inDeployment("safeguard").extend({ safeguardId: SafeguardId, note: z.string() }),
  /** It rolled back from this release in several deployments; a person can send it ahead. */
  inDeployment("boot-loop").extend({ version: ReleaseVersion, deployments: z.int().min(1) }),
  /** Deployments brought it there from what it runs, and it came back each time; a person can send it ahead. */
  inDeployment("flip-flop").extend({
    version: ReleaseVersion,
    runs: z.string(),
    times: z.int().min(1),
  }),
  inDeployment("stage-not-reached").extend({
    stage: z.int().min(0),
    /** The stage that will admit this device, if the target stays as it is. */
    admittedInStage: z.int().min(0),
  }),
  /** The plan lets devices begin in windows only, and none is open. */
  inDeployment("outside-window").extend({ until: Instant }),
  /** The plan's windows go by the clocks of the device, and which those are is not known. */
  inDeployment("zone-unknown").extend({
    /** Where the device says it; null: the plan names the zone. */
    attribute: z.string().nullable(),
    /** What stands there; null: nothing. */
    zone: z.string().nullable(),
  }),
  /** The plan's conditions do not hold of what the device says of its circumstances. */
  inDeployment("condition-unmet").extend({
    conditions: z.string(),
    /** Null: it never said any. */
    said: ReportedContext.nullable(),
  }),
  /** People have to approve the stage that the device is in, or one before it. */
  inDeployment("approval-pending").extend({
    stage: z.int().min(0),
    required: z.int().min(1),
    given: z.int().min(0),
  }),
  inDeployment("concurrent-limit").extend({ limit: z.int().min(1) }),
  /** As many devices of its site as may be in the update at a time are; null: those that have no site. */
  inDeployment("site-limit").extend({
    attribute: z.string(),
    site: z.string().nullable(),
    limit: z.int().min(1),
  }),
  /** As many devices as may start in one minute by now have. `growsTo`: where the stage's ramp ends; null: it grows no more. */
  inDeployment("rate-limit").extend({
    perMinute: z.int().min(1),
    growsTo: z.int().min(1).nullable(),
    until: Instant,
  }),
  /** What the plan lets be offered in 24 hours is; null: the artifact alone is more than that, and never is. */
  inDeployment("byte-budget").extend({
    bytesPerDay: z.int().min(1),
    sizeBytes: z.int().min(0),
    until: Instant.nullable(),
  }),
  /** It failed lately, and the plan lets some time pass before its next try. */
  inDeployment("retry-backoff").extend({ attempts: z.int().min(1), until: Instant }),
  /** It failed in a way after which the plan gives no other try. */
  inDeployment("retry-forbidden").extend({ outcome: Outcome, code: z.string().nullable() }),
  /** An operator took this device's update back. */
  inDeployment("cancelled"),
  inDeployment("attempts-used").extend({ attempts: z.int().min(0), outcome: Outcome }),
  /** Another deployment decides for the device, or has brought it to its release. */
  inDeployment("superseded").extend({
    byDeploymentId: DeploymentId,
    because: z.enum(["newer", "higher-priority"]),
  }),
]);
export type WaitReason = z.infer<typeof WaitReason>;

/** The answer to "why is this device not updating?". */
export const Explanation = z.object({
  /** One plain sentence. */
  summary: z.string(),
  /** The first one decides; `sentence` says the same in words, of the deployment that is named (if the reason is of one). */
  reasons: z.array(
    z.object({ reason: WaitReason, sentence: z.string(), deploymentName: z.string().nullable() }),
  ),
  /** When the answer can change by time alone; null when something else must happen first. */
  earliest: Instant.nullable(),
});
export type Explanation = z.infer<typeof Explanation>;
