import { isoText, present, type InstantMs } from "@moult/base";
import type { WaitReason } from "@moult/model";
import type { DeploymentFacts } from "./facts.ts";
import { freeAt, MINUTE_WINDOW, takenMax, UNUSED, type WindowUse } from "./sliding-window.ts";

/** What a plan's limits over time are judged by; untouched where it has none. */
export interface FlowFacts {
  /** Offers, each try of a device being one. */
  readonly offers: WindowUse;
}

export const NO_FLOW: FlowFacts = { offers: UNUSED };

/** The bounds under which an offer is claimed; null where there is none. */
export interface LimitClaim {
  /** Holds while fewer than this many devices are in the update; null when the answer puts none there. */
  readonly openMax: number | null;
  /** Holds while fewer than this many offers were ever made. */
  readonly offersMax: number | null;
}

/** Of what is no offer, and of what a person sent ahead. */
export const NO_LIMITS: LimitClaim = { openMax: null, offersMax: null };

export type Room =
  | { readonly kind: "free"; readonly claim: LimitClaim }
  | {
      readonly kind: "full";
      readonly reason: WaitReason;
      readonly isContended: boolean;
      readonly until: InstantMs | null;
    };

type LimitedFacts = Pick<DeploymentFacts, "id" | "isForced" | "plan" | "tally" | "flow">;

/** Whether the plan's limits leave room for one more offer. A device that a person sent ahead is beyond them. */
export function roomFor(
  { id: deploymentId, isForced, plan, tally, flow }: LimitedFacts,
  now: InstantMs,
): Room {
  if (isForced) return { kind: "free", claim: NO_LIMITS };
  const { concurrentMax, perMinute } = plan.limits;
  if (tally.open >= concurrentMax)
    return {
      kind: "full",
      reason: { kind: "concurrent-limit", deploymentId, limit: concurrentMax },
      isContended: true,
      until: null,
    };

  const offersMax =
    perMinute === undefined ? null : takenMax(MINUTE_WINDOW, flow.offers, perMinute, now);
  if (perMinute !== undefined && offersMax !== null && flow.offers.taken >= offersMax) {
    const until = present(
      freeAt(MINUTE_WINDOW, flow.offers, perMinute, 1),
      "offers that fill a minute leave it",
    );
    return {
      kind: "full",
      reason: { kind: "rate-limit", deploymentId, perMinute, until: isoText(until) },
      isContended: false,
      until,
    };
  }
  return { kind: "free", claim: { openMax: concurrentMax, offersMax } };
}
