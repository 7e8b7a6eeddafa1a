import type { InstantMs } from "@moult/base";
import type {
  ArtifactId,
  AssignmentId,
  AssignmentState,
  Artifact,
  ClientTraits,
  Deferral,
  Depends,
  DeploymentId,
  DeploymentState,
  DeviceState,
  HardwareType,
  OnTrip,
  Outcome,
  Plan,
  ReleaseVersion,
  ReportedContext,
  Running,
  SafeguardId,
  Tally,
  UnheededTerm,
} from "@moult/model";
import type { ApprovalCounts } from "./approvals.ts";
import type { FlowFacts } from "./limits.ts";
import type { Patience } from "./silence.ts";
import type { Ends } from "./stage-gate.ts";
import type { WindowFacts } from "./windows.ts";

// What the planner is told. Every list here is bounded by what one device is concerned with, never by the fleet.

/** A person's word that nothing is offered to a device. */
export interface DeviceHoldFacts {
  readonly note: string;
  readonly by: string;
  readonly since: InstantMs;
  /** Null: until a person releases the device. */
  readonly until: InstantMs | null;
}

/** The device that asks. */
export interface DeviceFacts {
  readonly state: DeviceState;
  /** Two machines speak with its key: nobody knows which of them an offer would reach. */
  readonly hasIdentityConflict: boolean;
  readonly hold: DeviceHoldFacts | null;
  /** The artifact that a person at it has yet to decide on, until when it takes nothing else; null when there is none. */
  readonly undecided: string | null;
  readonly hardwareType: HardwareType;
  /** Its stable random number in [1, 2^31 - 2]. */
  readonly draw: number;
  /** Null until its client has said what it understands. */
  readonly traits: ClientTraits | null;
  /** Null until it has said what it runs. */
  readonly running: Running | null;
  /** What it last said of its circumstances; null until then. */
  readonly context: ReportedContext | null;
  /** What it says it is doing; null when nobody asked it (an operator asks why). */
  readonly isIdle: boolean | null;
}

/** What the people who signed an artifact allow it for; a device that is told otherwise refuses, for good. */
export interface SignedTerms {
  readonly securityCounter: number;
  /** Names to values of which a device must provide none. */
  readonly conflicts: Depends;
  readonly minAgent: string | null;
  /** The instant twice: to compare, and as the wire has it. */
  readonly notBefore: { readonly at: InstantMs; readonly text: string } | null;
}

/** What of an artifact a choice depends on. */
export type ArtifactFacts = Pick<
  Artifact,
  | "id"
  | "path"
  | "sha256"
  | "sizeBytes"
  | "hardwareTypes"
  | "depends"
  | "provides"
  | "clearsProvides"
  | "payloads"
> & {
  readonly trust: {
    /** `expired`: offline keys signed it, and what they signed is over. */
    readonly state: Artifact["trust"]["state"] | "expired";
  };
  /** Null while nothing is published of it. */
  readonly terms: SignedTerms | null;
};

/** When a release was created, for versions that do not say themselves which of them is newer. */
export interface KnownRelease {
  readonly version: string;
  readonly createdAt: number;
}

/** What a release, and those of its channel before it, ask of who takes it. */
export interface VersionRules {
  /** A device must run at least this. */
  readonly minimumFrom: ReleaseVersion | null;
  /** The versions of its channel that must be run before a later one; whichever of them are before this release. */
  readonly mustPassThrough: readonly ReleaseVersion[];
  /** The releases of the versions that are to be compared, as far as there are any. */
  readonly known: readonly KnownRelease[];
}

/** What keeps a release from devices like the one that asks, until a person lifts it. */
export interface SafeguardFacts {
  readonly id: SafeguardId;
  readonly note: string;
}

/** What became of a release on this device in another deployment. */
export interface PastUpdate {
  readonly deploymentId: DeploymentId;
  /** What it ran before; null: not known. */
  readonly from: string | null;
  readonly artifactId: ArtifactId | null;
  readonly outcome: Extract<Outcome, "succeeded" | "rolled-back">;
  readonly endedAt: InstantMs;
}

/** One try that is over. */
export interface AttemptFacts {
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly endedAt: InstantMs;
}

/** The device's row in one deployment. */
export interface AssignmentFacts {
  readonly id: AssignmentId;
  readonly state: AssignmentState;
  /** Counts from 1; of the present or the last try. */
  readonly attempt: number;
  /** Set once it is closed. */
  readonly outcome: Outcome | null;
  /** An operator took it back, and nobody has said that it may be tried again. */
  readonly isCancelled: boolean;
  /** Every try that is over, since a person last gave the device its tries anew. */
  readonly attempts: readonly AttemptFacts[];
}

/** The device's assignment that is under way, with what its deployment says by now. */
export interface OpenAssignmentFacts {
  readonly id: AssignmentId;
  readonly deploymentId: DeploymentId;
  readonly deploymentState: DeploymentState;
  /** What its plan says to do when it stops itself. */
  readonly onTrip: OnTrip;
  readonly version: ReleaseVersion;
  readonly state: AssignmentState;
  readonly attempt: number;
  /** Null when the artifact is gone. */
  readonly artifact: ArtifactFacts | null;
  /** What its plan says about its steps by now, and not every client can be told; absent: nothing. */
  readonly termsToHeed?: readonly UnheededTerm[];
  /** Null once it installs: then it is too late for them. */
  readonly rules: VersionRules | null;
  /** Of those that hold, the one that is for this device; null also once it installs. */
  readonly safeguard: SafeguardFacts | null;
  readonly updatedAt: InstantMs;
  /** When the device was last heard of, by whatever; null: never since its reports. */
  readonly lastSeenAt: InstantMs | null;
  readonly patience: Patience;
  /** When the plan's time for what the device is at is over; null: it has no limit, or the device puts its step off. */
  readonly phaseEndsAt: InstantMs | null;
  /** The device has reasons to put its next step off. */
  readonly deferral: Pick<Deferral, "before" | "holds"> | null;
  /** Whether the plan lets it begin the step that it puts off. */
  readonly window: WindowFacts;
  /** A person has opened the installation, and the device has yet to be told. */
  readonly isUntold: boolean;
}

/**
 * How many devices a share of the target is.
 *
 * `exact`: so few that they are counted and ranked at each question. `estimated`: so many that the count may be some
 * seconds old; a device's share is then decided by its place against a threshold, and the share's size is a cap.
 */
export type Census =
  | ({ readonly kind: "exact"; readonly eligible: number } & NamedCounts)
  | (NamedCounts & {
      readonly kind: "estimated";
      readonly eligible: number;
      /** For each stage, the place below which devices are in its share. Only grows, so nobody falls out of a share. */
      readonly thresholds: readonly number[];
      /** For each stage, how many eligible devices have a place below its threshold. */
      readonly belowThreshold: readonly number[];
    });

interface NamedCounts {
  /**
   * For each stage by group or query, how many eligible devices are its own: in it and in none before it, or admitted while it was
   * the open one. Absent where a plan has no such stages.
   */
  readonly named?: readonly number[];
}

/** Where this device stands among the eligible ones. */
export interface Standing {
  readonly census: Census;
  /** How many eligible devices come before it by (stage that names it, place, id). Only for an exact census. */
  readonly rank: number | null;
  /** The first stage whose group or query has it, as it is now; null, or absent: none. */
  readonly namedStage?: number | null;
}

/** One deployment of the device's product, as the device sees it. */
export interface DeploymentFacts {
  readonly id: DeploymentId;
  /** Grows with each deployment of the tenant: the larger, the newer. */
  readonly number: number;
  readonly state: DeploymentState;
  readonly version: ReleaseVersion;
  readonly plan: Plan;
  /** Index of the open stage. */
  readonly stage: number;
  readonly stageOpenedAt: InstantMs;
  readonly salt: number;
  readonly tally: Omit<Tally, "eligible">;
  readonly flow: FlowFacts;
  /** Ends that an operator let pass by resuming. */
  readonly waived: Ends;
  readonly approvals: ApprovalCounts;
  readonly isTarget: boolean;
  /** Why it is no target, where it is more than that it is none of the target's devices. */
  readonly outside?: "excluded" | "frozen";
  /** The share of the target that it never offers anything; absent where there is none. */
  readonly holdBackPercent?: number;
  /** A person has let devices install what a plan made them download only; absent: not yet, or none has to. */
  readonly isInstallationOpen?: true;
  /** A person sent the device ahead: neither stage, limit, backoff nor window holds it. */
  readonly isForced: boolean;
  /** Whether the plan lets this device begin its download now. */
  readonly window: WindowFacts;
  /** The release's artifacts for this device's hardware. */
  readonly artifacts: readonly ArtifactFacts[];
  readonly rules: VersionRules;
  /** The one of the release that is for this device, if one holds. */
  readonly safeguard: SafeguardFacts | null;
  /** Of other deployments of the same version, newest first; of one that takes devices back nobody asks. */
  readonly past: readonly PastUpdate[];
  readonly assignment: AssignmentFacts | null;
  /** Null where it decides nothing: in the last stage, and for a device that has its place. */
  readonly standing: Standing | null;
}

/** A deployment that brought this device to its release: what comes after it has been passed, but where it was a step on the way. */
export interface ReachedFacts {
  readonly version: ReleaseVersion;
  readonly deploymentId: DeploymentId;
  readonly number: number;
  readonly priority: number;
  /** Finished or aborted: its priority counts no more. */
  readonly isOver: boolean;
}

/** All that an answer to one device depends on. */
export interface DecideFacts {
  readonly now: InstantMs;
  readonly device: DeviceFacts;
  readonly openAssignment: OpenAssignmentFacts | null;
  /** In the order of `comparePrecedence`: of the highest priority first, then the newest. */
  readonly candidates: readonly DeploymentFacts[];
  readonly reached: readonly ReachedFacts[];
}
