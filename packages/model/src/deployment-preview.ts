import * as z from "zod";
import { AssignmentState } from "./deployment.ts";
import { DeviceTrustLevel } from "./device.ts";
import { DeploymentId, DeviceId, ReleaseId } from "./ids.ts";
import { Instant, ReleaseVersion } from "./names.ts";
import { Outcome } from "./outcome.ts";
import { StageSize } from "./plan.ts";
import { WaitReason } from "./wait-reason.ts";

/** A device as an example of many. */
const DeviceSample = z.object({ id: DeviceId, name: z.string() });

/** What a device waits for: a reason of the planner, or only its own next check-in. */
export const WaitKind = z.enum([
  "next-check-in",
  ...WaitReason.options.map(({ shape }) => shape.kind.value),
]);
export type WaitKind = z.infer<typeof WaitKind>;

/** A remark about what somebody is about to deploy; an error keeps it from being created. */
export const DeploymentFinding = z.object({
  severity: z.enum(["error", "warning"]),
  /** Of the request, such as `plan.stages.1.errorStop`. */
  field: z.string(),
  sentence: z.string(),
});
export type DeploymentFinding = z.infer<typeof DeploymentFinding>;

/** What a deployment would do if it were created now. */
export const DeploymentPreview = z.object({
  /** What it is called when nobody names it. */
  name: z.string(),
  /** Devices of the target. */
  targeted: z.int().min(0),
  /** Those that would be offered the release in the end. */
  gets: z.int().min(0),
  alreadyRunning: z.int().min(0),
  /** Those that would not, as they are now; the most frequent reason first. */
  cannot: z.array(
    z.object({
      kind: WaitKind,
      sentence: z.string(),
      count: z.int().min(1),
      samples: z.array(DeviceSample),
    }),
  ),
  /** Unfinished deployments that this one would decide instead of, and for how many devices. */
  takesOverFrom: z.array(
    z.object({ deploymentId: DeploymentId, name: z.string(), count: z.int().min(1) }),
  ),
  /** Running deployments of a higher priority that decide before this one, and for how many devices. */
  yieldsTo: z.array(
    z.object({ deploymentId: DeploymentId, name: z.string(), count: z.int().min(1) }),
  ),
  /** How many devices each stage adds. */
  stages: z.array(z.object({ size: StageSize, deviceCount: z.int().min(0) })),
  /** What protects the updates of those that get it. */
  trust: z.partialRecord(DeviceTrustLevel.shape.level, z.int()),
  findings: z.array(DeploymentFinding),
  /** What to ask before it is created; null where nothing is unusual. */
  confirm: z.string().nullable(),
});
export type DeploymentPreview = z.infer<typeof DeploymentPreview>;

const StageProgress = z.object({
  size: StageSize,
  /** How many devices the stage adds. */
  deviceCount: z.int().min(0),
  /** How many were offered it while this stage was the open one, and where those are. */
  admitted: z.int().min(0),
  open: z.int().min(0),
  succeeded: z.int().min(0),
  /** With whatever end that speaks against the release. */
  failed: z.int().min(0),
  state: z.enum(["next", "running", "passed", "stopped", "skipped"]),
});

/** How far a deployment is, in which stage, who fails and who waits. */
export const DeploymentProgress = z.object({
  stages: z.array(StageProgress),
  openByState: z.record(AssignmentState.exclude(["closed"]), z.int()),
  /** Ends so far, at instants from its creation until now or its own end; at most 120. */
  timeline: z.array(
    z.object({
      at: Instant,
      succeeded: z.int().min(0),
      failed: z.int().min(0),
      rolledBack: z.int().min(0),
      other: z.int().min(0),
    }),
  ),
  /** Who failed alike; the most frequent first, at most 20. */
  failures: z.array(
    z.object({
      outcome: Outcome,
      code: z.string().nullable(),
      count: z.int().min(1),
      /** In the words of one of the devices. */
      detail: z.string().nullable(),
      samples: z.array(DeviceSample),
    }),
  ),
  /** What those wait for that were not offered it; the most frequent first. Of a large target some seconds old. */
  waiting: z.array(z.object({ kind: WaitKind, sentence: z.string(), count: z.int().min(1) })),
});
export type DeploymentProgress = z.infer<typeof DeploymentProgress>;

/** What pausing, resuming, aborting a deployment or opening its next stage would do now. */
export const DeploymentRehearsal = z.object({
  isPossible: z.boolean(),
  sentence: z.string(),
  /** What the button says that does it. */
  button: z.string(),
});
export type DeploymentRehearsal = z.infer<typeof DeploymentRehearsal>;

/** What taking back what a deployment brought would do now. */
export const RollBackPreview = DeploymentRehearsal.extend({
  /** Devices that run what it brought, by what they would go back to; most of them first. */
  groups: z.array(
    z.object({
      /** What they ran before; null: not known, or another release for all is asked about. */
      from: z.string().nullable(),
      /** Null: nothing that is here. */
      to: z.object({ releaseId: ReleaseId, version: ReleaseVersion }).nullable(),
      count: z.int().min(1),
      /** How many of them could not go back. */
      unable: z.int().min(0),
    }),
  ),
  /** Why those could not, in sentences. */
  problems: z.array(z.string()),
});
export type RollBackPreview = z.infer<typeof RollBackPreview>;

/** A device of a deployment's target that was not offered it yet. */
export const WaitingDevice = z.object({
  id: DeviceId,
  name: z.string(),
  kind: WaitKind,
  sentence: z.string(),
});
export type WaitingDevice = z.infer<typeof WaitingDevice>;
