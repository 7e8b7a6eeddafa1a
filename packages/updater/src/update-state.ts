import {
  AssignmentId,
  DeploymentId,
  HOLDS_MAX,
  Hold,
  Running,
  Sha256,
  StepWindows,
  UpdateMode,
} from "@moult/model";
import * as z from "zod";
import { FailureCode } from "./failure-code.ts";

/** Bumped when a saved state of the version before can no longer be read as it is. */
export const STATE_VERSION = 1;

/** What the server's instruction, or a person at the device, asked to install. */
export const Update = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("assignment"),
    assignmentId: AssignmentId,
    deploymentId: DeploymentId,
    attempt: z.int().min(1),
    /** The name the artifact must have inside. */
    artifactName: z.string().min(1).max(256),
    /** Repository path of the artifact. */
    path: z.string().max(512),
    sizeBytes: z.int().min(1),
    sha256: Sha256,
    /** The instruction that asked for it, so that what came of it can be told together with what was obeyed. */
    instruction: z.object({
      generation: z.int().min(1),
      /** Of the whole signed answer, as it arrived. */
      sha256: Sha256,
      /** Of the key that signed it (DER SubjectPublicKeyInfo): whether it may still sign is asked again before the download. */
      keySha256: Sha256,
    }),
    /** When its later steps may begin, as last told; at any time where there is none. */
    windows: StepWindows.optional(),
    /** What the device may have against it, as last told. */
    mode: UpdateMode.optional(),
  }),
  z.object({
    kind: z.literal("standalone"),
    /** Names the log and the work files of this installation. */
    id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
    /** Absolute path of the artifact file, which stays where it is. */
    file: z.string().min(1),
    /** Somebody at the device said that no signed metadata need vouch for the file. */
    isUnsignedAllowed: z.boolean(),
    /** Absolute path of a folder with signed metadata that came with the file. */
    metadataDir: z.string().min(1).nullable(),
  }),
]);
export type Update = z.infer<typeof Update>;
export type AssignmentUpdate = Extract<Update, { kind: "assignment" }>;

/** Whose signed metadata said that this artifact may be installed here. */
export const Vouched = z.object({
  rootVersion: z.int().min(1),
  /** The role whose keys signed the target, and the version of its metadata. */
  role: z.string().max(256),
  roleVersion: z.int().min(1),
  /** Of the target; once it is committed the device takes nothing below it any more. */
  securityCounter: z.int().min(0),
  /** The role whose metadata had expired: a person at the device may install by it all the same. */
  expiredRole: z.string().max(256).nullable(),
});
export type Vouched = z.infer<typeof Vouched>;

/** The artifact format counts payloads with four digits; a device keeps each one's answers in its saved state. */
export const PAYLOADS_MAX = 64;

/** What later states need to know of an artifact that was opened, verified and found compatible. */
export const OpenedArtifact = z.object({
  name: z.string().min(1).max(256),
  /** In the artifact's order. Empty: it has no payload and only changes what the device provides. */
  payloadTypes: z.array(z.string()).max(PAYLOADS_MAX).readonly(),
  /** What the device will say it runs once this is committed: its provides after the artifact's are laid over them. */
  runningAfter: Running,
  /** Null: a person at the device installed it on their own word. */
  vouched: Vouched.nullable(),
});
export type OpenedArtifact = z.infer<typeof OpenedArtifact>;

/** `system`: the agent reboots the machine; `installer`: the update module does it (or restarts what it must) itself. */
export const RebootNeed = z.enum(["none", "installer", "system"]);
export type RebootNeed = z.infer<typeof RebootNeed>;

/** As long as the device protocol lets a detail be. */
export const DETAIL_CHARACTERS_MAX = 2_000;

export const Failure = z.object({
  code: FailureCode,
  /** For people: what happened, where. */
  detail: z.string().max(DETAIL_CHARACTERS_MAX),
});
export type Failure = z.infer<typeof Failure>;

/**
 * How it will have ended, tracked apart from how far it got: the first failure, and what became of the way back.
 * `none`: no rollback was called for, because nothing was installed or nothing failed.
 */
export const Verdict = z.object({
  failure: Failure.nullable(),
  rollback: z.enum(["none", "running", "succeeded", "failed", "impossible"]),
});
export type Verdict = z.infer<typeof Verdict>;

/** One update under way, past the download. */
export const Job = z.object({
  update: Update,
  artifact: OpenedArtifact,
  /** Whether all payloads can be taken back; known once they are unpacked. */
  supportsRollback: z.boolean(),
  /** What each payload's installer answered, in the artifact's order; empty until all are installed. */
  reboots: z.array(RebootNeed).max(PAYLOADS_MAX).readonly(),
  /** Of the last report; the server ignores one that it has. */
  sequence: z.int().min(0),
  /** States saved for this job, also by starts: the guard against reboot loops. */
  steps: z.int().min(0),
  /** Rollbacks, or reboots of one, begun. */
  rollbacks: z.int().min(0),
  verdict: Verdict,
});
export type Job = z.infer<typeof Job>;

const Always = z.object({
  /** What the device runs, in the same file as the state so that a commit changes both or neither. */
  running: Running,
  /** The newest assignment that was finished here: the same offer again is no news. */
  lastAssignment: z.object({ assignmentId: AssignmentId, attempt: z.int().min(1) }).nullable(),
});

const state = <Kind extends string>(kind: Kind) => Always.extend({ kind: z.literal(kind) });
const job = <Kind extends string>(kind: Kind) => state(kind).extend({ job: Job });

/**
 * `health` and `health-again` ask whether the new software is well, before and after the server was reached, so that a
 * release that dies while it waits for the server is not committed.
 */
export const ProvingStage = z.enum(["health", "server", "health-again"]);
export type ProvingStage = z.infer<typeof ProvingStage>;

/**
 * A state in which the device could go on and asks whether it may. It is entered before each of these steps, and left at
 * once when nothing holds.
 */
const waiting = {
  /** What holds, as last heard; empty until it was asked. */
  holds: z.array(Hold).max(HOLDS_MAX).readonly(),
  /** Somebody at the device said yes to this step. */
  hasConsent: z.boolean(),
  /** What was left of the longest hold when this was saved; time without power is not counted. */
  leftMs: z.number().min(0),
  /** When nothing of it is left, on the monotonic clock of the agent's present run. */
  deadlineMs: z.number(),
};

/** Where a device is in its update. The way stands above `next`, the rules after a loss of power in life-cycle.ts. */
export const UpdateState = z.discriminatedUnion("kind", [
  state("idle"),
  state("waiting-to-download").extend({
    update: Update,
    sequence: z.int().min(0),
    ...waiting,
  }),
  state("downloading").extend({
    update: Update,
    sequence: z.int().min(0),
    /** As last reported, in steps of `PROGRESS_STEP_PERCENT`. */
    percent: z.int().min(0).max(100),
  }),
  job("unpacking"),
  job("waiting-to-install").extend(waiting),
  job("installing"),
  job("activating"),
  job("waiting-to-reboot").extend({
    ...waiting,
    /** A start in another boot means that the machine was restarted meanwhile. */
    bootId: z.string(),
  }),
  job("rebooting").extend({
    /** The boot that is to end: a start in the same boot means that the reboot did not happen yet. */
    bootId: z.string(),
  }),
  job("verifying"),
  job("proving").extend({
    stage: ProvingStage,
    /** On the monotonic clock of the agent's present run; a restart ends the trial, so it never outlives that clock. */
    deadlineMs: z.number(),
  }),
  job("awaiting-decision"),
  job("committing"),
  job("leaving-commit"),
  job("rolling-back"),
  job("rollback-rebooting").extend({ bootId: z.string() }),
  job("verifying-rollback"),
  job("asking-server").extend({
    /** On the monotonic clock of the agent's present run; a start asks for the whole time again. */
    deadlineMs: z.number(),
  }),
  job("failing"),
  state("cleaning-up").extend({
    update: Update,
    /** Null when the artifact was never opened. */
    artifact: OpenedArtifact.nullable(),
    sequence: z.int().min(0),
    steps: z.int().min(0),
    verdict: Verdict,
  }),
  state("reporting").extend({
    update: Update,
    /** Null when the artifact was never opened. */
    artifact: OpenedArtifact.nullable(),
    sequence: z.int().min(0),
    verdict: Verdict,
  }),
]);
export type UpdateState = z.infer<typeof UpdateState>;

/** A state of one kind. */
export type StateOf<Kind extends UpdateState["kind"]> = Extract<UpdateState, { kind: Kind }>;

/** Names an attempt on this device: logs, work files and the report queue are found by it. */
export function updateId(update: Update): string {
  return update.kind === "assignment" ? `${update.assignmentId}.${update.attempt}` : update.id;
}

/** The state of a device before its first update. */
export function initialState(running: Running): UpdateState {
  return { kind: "idle", running, lastAssignment: null };
}
