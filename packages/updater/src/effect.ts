import type { FailureCode } from "./failure-code.ts";
import type { Hold, HoldPoint } from "@moult/model";
import type { Job, OpenedArtifact, Update, Verdict } from "./update-state.ts";

/** How an attempt ended, as servers count it (device protocol: `AttemptOutcome`). */
export type UpdateOutcome = "succeeded" | "failed" | "rolled-back" | "rejected" | "aborted";

/** What the server is told about an attempt; the words and fields of the device protocol's `AssignmentEvent`. */
export type UpdateReport = { readonly sequence: number } &
  /** The device could go on and has reasons not to. */
  (
    | { readonly kind: "deferred"; readonly before: HoldPoint; readonly holds: readonly Hold[] }
    | { readonly kind: "downloading"; readonly progressPercent: number }
    | { readonly kind: "installing" }
    | { readonly kind: "activating" }
    | { readonly kind: "proving" }
    | { readonly kind: "rolling-back"; readonly code: FailureCode; readonly detail: string }
    | {
        readonly kind: "finished";
        readonly outcome: UpdateOutcome;
        readonly code?: FailureCode;
        readonly detail?: string;
      }
  );

/**
 * What to do while in a state. Depends on the state alone and may be run again after any interruption: each says what
 * shall be true, not what changes.
 */
export type Effect =
  /** Put into the durable queue to the server, or, standalone, tell the person. */
  | {
      readonly kind: "report";
      readonly update: Update;
      /** Null while none was opened. */
      readonly artifact: OpenedArtifact | null;
      readonly report: UpdateReport;
    }
  /** Say what holds the device before a step, at once and again and again: circumstances change without a sound. */
  | {
      readonly kind: "await-readiness";
      readonly before: HoldPoint;
      readonly update: Update;
      readonly hasConsent: boolean;
    }
  /** Fetch the file (or go on fetching), then open, verify and judge the artifact. */
  | { readonly kind: "download"; readonly update: Update }
  /** Hand each payload to its installer while it is verified; activate nothing. */
  | { readonly kind: "unpack"; readonly job: Job }
  | { readonly kind: "install"; readonly job: Job }
  /** Put installed software to work without a reboot. */
  | { readonly kind: "activate"; readonly job: Job }
  | { readonly kind: "reboot"; readonly job: Job }
  | { readonly kind: "verify-activation"; readonly job: Job }
  | { readonly kind: "check-health"; readonly job: Job }
  /** A check-in that got through, made by the agent of whatever software runs now. */
  | { readonly kind: "reach-server"; readonly job: Job }
  /** Say `deadline-passed` when the monotonic clock reaches `atMs`. */
  | { readonly kind: "await-deadline"; readonly atMs: number }
  | { readonly kind: "commit"; readonly job: Job }
  /** Scripts that run when the commit can no longer be undone. */
  | { readonly kind: "leave-commit"; readonly job: Job }
  | { readonly kind: "roll-back"; readonly job: Job }
  | { readonly kind: "reboot-rollback"; readonly job: Job }
  | { readonly kind: "verify-rollback"; readonly job: Job }
  /** Tell installer and scripts that the update failed for good. */
  | { readonly kind: "handle-failure"; readonly job: Job }
  /** Remove everything the attempt left: payload, work files, old versions that are no longer wanted. */
  | {
      readonly kind: "clean-up";
      readonly update: Update;
      readonly artifact: OpenedArtifact | null;
      readonly verdict: Verdict;
    };

export type EffectOf<Kind extends Effect["kind"]> = Extract<Effect, { kind: Kind }>;
