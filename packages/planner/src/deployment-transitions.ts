import type { DeploymentState } from "@moult/model";

/** What moves a deployment: an operator (pause, resume, abort) or its own numbers (trip, finish). */
export type DeploymentMove = "pause" | "resume" | "abort" | "trip" | "finish";

/** The one table of a deployment's life: state by move; null where the state does not allow the move. */
const TABLE: Readonly<
  Record<DeploymentState, Readonly<Record<DeploymentMove, DeploymentState | null>>>
> = {
  running: {
    pause: "paused",
    resume: null,
    abort: "aborted",
    trip: "tripped",
    finish: "finished",
  },
  paused: {
    pause: null,
    resume: "running",
    abort: "aborted",
    // Devices in the update finish it during a pause, and their failures count.
    trip: "tripped",
    finish: null,
  },
  tripped: { pause: null, resume: "running", abort: "aborted", trip: null, finish: null },
  finished: { pause: null, resume: null, abort: null, trip: null, finish: null },
  aborted: { pause: null, resume: null, abort: null, trip: null, finish: null },
};

export const deploymentStep = (
  state: DeploymentState,
  move: DeploymentMove,
): DeploymentState | null => TABLE[state][move];

/** Whether it can still give out offers, now or after an operator's word. */
export const isActive = (state: DeploymentState): boolean =>
  state !== "finished" && state !== "aborted";
