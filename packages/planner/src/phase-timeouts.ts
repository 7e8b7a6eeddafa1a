import { later, SECOND_MS, type InstantMs } from "@moult/base";
import type { AssignmentState, Plan } from "@moult/model";

/** What a device in an update is at, as a plan gives it time. */
export type Phase = "queued" | "download" | "install" | "confirm";

export interface PhaseLimit {
  readonly phase: Phase;
  readonly states: readonly AssignmentState[];
  readonly afterMs: number;
  /** Of the end of a try that took longer. */
  readonly code: string;
}

const PHASES = [
  ["queued", ["offered"], "queuedSeconds"],
  ["download", ["downloading"], "downloadSeconds"],
  ["install", ["installing", "activating"], "installSeconds"],
  ["confirm", ["proving"], "confirmSeconds"],
] as const satisfies readonly (readonly [
  Phase,
  readonly AssignmentState[],
  keyof Plan["timeouts"],
])[];

/** Null: no phase of its own. Whoever rolls back takes the time that takes. */
export const phaseOf = (state: AssignmentState): Phase | null =>
  PHASES.find(([, states]) => (states as readonly AssignmentState[]).includes(state))?.[0] ?? null;

/** How long a plan gives each phase that it limits. */
export const phaseLimits = ({ timeouts }: Pick<Plan, "timeouts">): readonly PhaseLimit[] =>
  PHASES.flatMap(([phase, states, name]) => {
    const seconds = timeouts[name];
    return seconds === undefined
      ? []
      : [{ phase, states, afterMs: seconds * SECOND_MS, code: `${phase}-timeout` }];
  });

/** When the phase that began at `since` ends by itself; null where the plan gives it no limit. */
export function phaseEndsAt(
  plan: Pick<Plan, "timeouts">,
  state: AssignmentState,
  since: InstantMs,
): InstantMs | null {
  const limit = phaseLimits(plan).find(({ phase }) => phase === phaseOf(state));
  return limit === undefined ? null : later(since, limit.afterMs);
}
