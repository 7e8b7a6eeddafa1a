import { CONTEXT_UNKNOWN } from "./holds-of.ts";
import type { Hold, HoldPoint } from "@moult/model";
import { holdAlike } from "./hold-alike.ts";
import { INSTALLATION_NOT_OPEN } from "./opening-hold.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import type { Failure, StateOf } from "./update-state.ts";
import { OUTSIDE_WINDOW } from "./window-hold.ts";

type Waiting = StateOf<"waiting-to-download" | "waiting-to-install" | "waiting-to-reboot">;

/** The part of a waiting state that is the same for all three. */
type WaitingPart = Pick<Waiting, "holds" | "hasConsent" | "leftMs" | "deadlineMs">;

/** How much of the longest hold a loss of power may give back. */
const LEFT_SAVED_MS = 3_600_000;

const DECLINED: Failure = {
  code: "declined-by-person",
  detail: "somebody at the device said no to the update",
};

export function beginWaiting({ monotonicMs, holdMsMax }: UpdateFacts): WaitingPart {
  return {
    holds: [],
    hasConsent: false,
    leftMs: holdMsMax,
    deadlineMs: monotonicMs + holdMsMax,
  };
}

/** What an event means to a device that waits, whatever it waits for. */
type WaitingStep =
  | { readonly kind: "go-on" }
  | { readonly kind: "wait"; readonly part: WaitingPart }
  | { readonly kind: "give-up"; readonly failure: Failure }
  /** The event does not apply. */
  | { readonly kind: "nothing" };

const NOTHING: WaitingStep = { kind: "nothing" };

export function stepOfWaiting(
  state: WaitingPart,
  before: HoldPoint,
  event: UpdateEvent,
  facts: UpdateFacts,
): WaitingStep {
  if (event.kind === "readiness")
    return event.before === before ? heard(state, event.holds, facts) : NOTHING;
  if (event.kind === "consented")
    return state.hasConsent ? NOTHING : { kind: "wait", part: { ...state, hasConsent: true } };
  if (event.kind === "declined") return { kind: "give-up", failure: DECLINED };
  // The longest hold is for the device's own reasons: it begins when the plan has none left.
  if (event.kind === "deadline-passed" && waitsForPlan(state.holds))
    return { kind: "wait", part: anew(state, facts) };
  if (event.kind === "deadline-passed")
    return isUnknownAlone(state.holds)
      ? { kind: "go-on" }
      : { kind: "give-up", failure: tooLong(state.holds) };
  // A device that cannot be asked is not kept from its updates for ever.
  const isUnasked = event.kind === "effect-failed" && event.effect === "await-readiness";
  return isUnasked ? { kind: "go-on" } : NOTHING;
}

const waitsForPlan = (holds: readonly Hold[]): boolean =>
  holds.some(({ code }) => code === OUTSIDE_WINDOW || code === INSTALLATION_NOT_OPEN);

const anew = (state: WaitingPart, { monotonicMs, holdMsMax }: UpdateFacts): WaitingPart => ({
  ...state,
  leftMs: holdMsMax,
  deadlineMs: monotonicMs + holdMsMax,
});

/** After a start the rest of the longest hold counts on the new run's clock. */
export function waitOn<State extends Waiting>(state: State, { monotonicMs }: UpdateFacts): State {
  return { ...state, deadlineMs: monotonicMs + state.leftMs };
}

function heard(state: WaitingPart, holds: readonly Hold[], facts: UpdateFacts): WaitingStep {
  if (holds.length === 0) return { kind: "go-on" };
  if (waitsForPlan(state.holds) && !waitsForPlan(holds))
    return { kind: "wait", part: { ...anew(state, facts), holds } };
  const isSame = holdAlike(state.holds, holds);
  const unsavedMs = state.leftMs - leftMs(state, facts);
  if (isSame && unsavedMs < LEFT_SAVED_MS) return NOTHING;
  return { kind: "wait", part: saved({ ...state, holds: isSame ? state.holds : holds }, facts) };
}

const saved = (state: WaitingPart, facts: UpdateFacts): WaitingPart => ({
  ...state,
  leftMs: leftMs(state, facts),
});

const leftMs = ({ deadlineMs }: WaitingPart, { monotonicMs }: UpdateFacts): number =>
  Math.max(0, deadlineMs - monotonicMs);

/** Scripts that never answer would keep a device from the very update that mends them. */
const isUnknownAlone = (holds: readonly Hold[]): boolean =>
  holds.length > 0 && holds.every(({ code }) => code === CONTEXT_UNKNOWN);

function tooLong(holds: readonly Hold[]): Failure {
  const reasons = holds.map(({ code, detail }) => `${code} (${detail})`).join(", ");
  const told = reasons === "" ? "it was never known to be ready" : reasons;
  return { code: "held-too-long", detail: `the device waited as long as it may: ${told}` };
}
