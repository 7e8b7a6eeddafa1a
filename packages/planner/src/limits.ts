import { isoText, present, type InstantMs } from "@moult/base";
import type { Plan, WaitReason } from "@moult/model";
import { byteRoom, type ByteClaim } from "./byte-budget.ts";
import type { DeploymentFacts } from "./facts.ts";
import { NOTHING_DONE, rampRate, type RampCount } from "./ramp.ts";
import { freeAt, MINUTE_WINDOW, takenMax, UNUSED, type WindowUse } from "./sliding-window.ts";

/** What a plan's limits over time are judged by; untouched where it has none. */
export interface FlowFacts {
  /** Offers, each try of a device being one. */
  readonly offers: WindowUse;
  /** Bytes of the artifacts that were offered, each whole. */
  readonly bytes: WindowUse;
  /** As it was when the open stage opened. */
  readonly atOpening: RampCount;
  /** Of the device that asks; null where the plan limits no sites. */
  readonly site: SiteFacts | null;
}

/** A device's site: the value of the plan's attribute, empty where it has none. */
export interface SiteFacts {
  readonly site: string;
  /** Devices of the site that are in the update. */
  readonly open: number;
}

export const NO_FLOW: FlowFacts = {
  offers: UNUSED,
  bytes: UNUSED,
  atOpening: NOTHING_DONE,
  site: null,
};

/** The attribute whose values a plan's limits tell devices apart by; none or one. */
export const siteAttributes = ({ limits: { perSite } }: Pick<Plan, "limits">): readonly string[] =>
  perSite === undefined ? [] : [perSite.attribute];

/** The site of a device that has these attributes. */
export const siteOf = (
  { limits: { perSite } }: Pick<Plan, "limits">,
  attributes: Readonly<Record<string, string>>,
): string =>
  perSite !== undefined && Object.hasOwn(attributes, perSite.attribute)
    ? (attributes[perSite.attribute] ?? "")
    : "";

/** The bounds under which an offer is claimed; null where there is none. */
export interface LimitClaim {
  /** Holds while fewer than this many devices are in the update; null when the answer puts none there. */
  readonly openMax: number | null;
  /** Holds while fewer than this many offers were ever made. */
  readonly offersMax: number | null;
  /** Holds while this stage is the open one; null where no rate is a stage's own. */
  readonly stage: number | null;
  /** Where the plan limits bytes. */
  readonly bytes: ByteClaim | null;
  /** Where the plan limits sites: which one, and that it holds while fewer than so many of its devices are in the update. */
  readonly site: { readonly site: string; readonly openMax: number | null } | null;
}

/** Of what is no offer. */
export const NO_LIMITS: LimitClaim = {
  openMax: null,
  offersMax: null,
  stage: null,
  bytes: null,
  site: null,
};

export type Room =
  | { readonly kind: "free"; readonly claim: LimitClaim }
  | {
      readonly kind: "full";
      readonly reason: WaitReason;
      readonly isContended: boolean;
      readonly until: InstantMs | null;
    };

type LimitedFacts = Pick<DeploymentFacts, "id" | "isForced" | "plan" | "stage" | "tally" | "flow">;

/** Whether some stage has a rate of its own. */
export const hasRamp = ({ stages }: Pick<Plan, "stages">): boolean =>
  stages.some(({ ramp }) => ramp !== undefined);

/**
 * Whether the plan's limits leave room for one more offer, of an artifact of this size. A device that a person sent ahead is
 * beyond them, and counts.
 */
export function roomFor(deployment: LimitedFacts, sizeBytes: number, now: InstantMs): Room {
  const { isForced, plan, flow } = deployment;
  const { site } = flow;
  const bytes = byteRoom(deployment, sizeBytes, now);
  // The first of them, because nobody gives bytes back: until then no place that is left makes a difference.
  if (bytes.kind === "full") return { ...bytes, isContended: false };
  if (isForced) {
    const counted = site === null ? null : { site: site.site, openMax: null };
    return { kind: "free", claim: { ...NO_LIMITS, bytes: bytes.claim, site: counted } };
  }
  const { concurrentMax, perSite } = plan.limits;
  const place = placeWait(deployment);
  if (place !== null) return { kind: "full", reason: place, isContended: true, until: null };
  const rate = rateRoom(deployment, now);
  if (rate.kind === "full") return rate;
  const siteClaim =
    site === null ? null : { site: site.site, openMax: perSite?.concurrentMax ?? null };
  const { offersMax } = rate;
  const stage = hasRamp(plan) ? deployment.stage : null;
  return {
    kind: "free",
    claim: { openMax: concurrentMax, offersMax, stage, bytes: bytes.claim, site: siteClaim },
  };
}

/** Set while as many devices are in the update as may be, in all or of the device's site. */
function placeWait({ id: deploymentId, plan, tally, flow }: LimitedFacts): WaitReason | null {
  const { concurrentMax, perSite } = plan.limits;
  const { site } = flow;
  if (tally.open >= concurrentMax)
    return { kind: "concurrent-limit", deploymentId, limit: concurrentMax };
  if (perSite === undefined || site === null || site.open < perSite.concurrentMax) return null;
  return {
    kind: "site-limit",
    deploymentId,
    attribute: perSite.attribute,
    site: site.site === "" ? null : site.site,
    limit: perSite.concurrentMax,
  };
}

function rateRoom(
  deployment: LimitedFacts,
  now: InstantMs,
): Extract<Room, { kind: "full" }> | { readonly kind: "free"; readonly offersMax: number | null } {
  const rate = rateOf(deployment);
  if (rate === null) return { kind: "free", offersMax: null };
  const { offers } = deployment.flow;
  const { perMinute, growsTo, isContended } = rate;
  const offersMax = takenMax(MINUTE_WINDOW, offers, perMinute, now);
  if (offers.taken < offersMax) return { kind: "free", offersMax };
  const until = present(
    freeAt(MINUTE_WINDOW, offers, perMinute, 1),
    "offers that fill a minute leave it",
  );
  return {
    kind: "full",
    reason: {
      kind: "rate-limit",
      deploymentId: deployment.id,
      perMinute,
      growsTo,
      until: isoText(until),
    },
    isContended,
    until,
  };
}

interface Rate {
  readonly perMinute: number;
  readonly growsTo: number | null;
  /** Another device that succeeds can raise it at any moment. */
  readonly isContended: boolean;
}

/** What holds by now: the plan's rate or the one that the open stage's ramp has reached, whichever is smaller. */
function rateOf({ plan, stage, tally, flow }: LimitedFacts): Rate | null {
  const { perMinute: limit = Infinity } = plan.limits;
  const ramp = plan.stages[stage]?.ramp;
  if (ramp === undefined)
    return limit === Infinity ? null : { perMinute: limit, growsTo: null, isContended: false };
  const done = { offers: flow.offers.taken, succeeded: tally.succeeded };
  const perMinute = Math.min(limit, rampRate(ramp, done, flow.atOpening));
  const end = Math.min(limit, ramp.perMinuteMax);
  const isGrowing = perMinute < end;
  return {
    perMinute,
    growsTo: isGrowing ? end : null,
    isContended: isGrowing && "succeeded" in ramp.every,
  };
}
