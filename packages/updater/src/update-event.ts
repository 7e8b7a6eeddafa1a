import type { Effect } from "./effect.ts";
import type { Hold, HoldPoint } from "@moult/model";
import type { Failure, OpenedArtifact, RebootNeed, Update } from "./update-state.ts";

/** What happened: told by the world, or by an effect about its own end. */
export type UpdateEvent =
  /** The agent started; the first event of every run. */
  | { readonly kind: "started" }
  | { readonly kind: "offered"; readonly update: Update }
  /** The server's newest instruction no longer names this update. */
  | { readonly kind: "withdrawn" }
  /** What holds the device before a step, said again and again; empty: it may go on. */
  | {
      readonly kind: "readiness";
      readonly before: HoldPoint;
      readonly holds: readonly Hold[];
    }
  /** Somebody at the device said yes to the step that waits. */
  | { readonly kind: "consented" }
  /** Somebody at the device said no to the update. */
  | { readonly kind: "declined" }
  | { readonly kind: "download-progressed"; readonly percent: number }
  | { readonly kind: "downloaded"; readonly artifact: OpenedArtifact }
  | { readonly kind: "unpacked"; readonly supportsRollback: boolean }
  /** All payloads are installed; what each of their installers needs, in the artifact's order. */
  | { readonly kind: "installed"; readonly reboots: readonly RebootNeed[] }
  | { readonly kind: "activated" }
  | { readonly kind: "verified" }
  | { readonly kind: "health-passed" }
  | { readonly kind: "server-reached" }
  | { readonly kind: "deadline-passed" }
  | { readonly kind: "commit-requested" }
  | { readonly kind: "rollback-requested" }
  | { readonly kind: "committed" }
  | { readonly kind: "commit-left" }
  /** `reboots`: what the way back needs, which an installation that failed half-way had not said yet. */
  | { readonly kind: "rolled-back"; readonly reboots: readonly RebootNeed[] }
  | { readonly kind: "rollback-rebooted" }
  | { readonly kind: "rollback-verified" }
  | { readonly kind: "failure-handled" }
  | { readonly kind: "cleaned-up" }
  | { readonly kind: "reported"; readonly sequence: number }
  | {
      readonly kind: "effect-failed";
      readonly effect: Effect["kind"];
      readonly failure: Failure;
    };

/** What is known at the moment an event is decided on; read once per event. */
export interface UpdateFacts {
  /**
   * Never goes back and does not jump when the clock is set; only differences mean something. Stands still while a state is
   * being saved: no deadline may pass before what it is for could begin.
   */
  readonly monotonicMs: number;
  /** Differs between any two boots of the machine (Linux: `/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string;
  /** How long new software may take to be healthy and to reach the server. */
  readonly confirmTimeoutMs: number;
  /** How long a device may put off one step of an update. */
  readonly holdMsMax: number;
}
