import type { Failure, StateOf, UpdateState } from "./update-state.ts";

/** Up to the installation an update ends by removing what it left; nothing that runs was touched. */
export function cleanUpAfter(
  state: Exclude<UpdateState, { kind: "idle" | "cleaning-up" | "reporting" }>,
  failure: Failure,
): StateOf<"cleaning-up"> {
  const { running, lastAssignment } = state;
  const { update, artifact, steps, sequence } =
    "job" in state ? state.job : { ...state, artifact: null, steps: 0 };
  return {
    kind: "cleaning-up",
    running,
    lastAssignment,
    update,
    artifact,
    sequence,
    steps,
    verdict: { failure, rollback: "none" },
  };
}
