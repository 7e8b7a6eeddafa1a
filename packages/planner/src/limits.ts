import { isoText, present, type InstantMs } from "@moult/base";
import type { Plan, WaitReason } from "@moult/model";
import { byteRoom, type ByteClaim } from "./byte-budget.ts";
import type { DeploymentFacts } from "./facts.ts";
import { freeAt, MINUTE_WINDOW, takenMax, UNUSED, type WindowUse } from "./sliding-window.ts";

/** What a plan's limits over time are judged by; untouched where it has none. */
export interface FlowFacts {
  /** Offers, each try of a device being one. */
  readonly offers: WindowUse;
  /** Bytes of the artifacts that were offered, each whole. */
  readonly bytes: WindowUse;
  /** Of the device that asks; null where the plan limits no sites. */
  readonly site: SiteFacts | null;
}

/** A device's site: the value of the plan's attribute, empty where it has none. */
export interface SiteFacts {
  readonly site: string;
  /** Devices of the site that are in the update. */
  readonly open: number;
}

export const NO_FLOW: FlowFacts = { offers: UNUSED, bytes: UNUSED, site: null };

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
  /** Where the plan limits bytes. */
  readonly bytes: ByteClaim | null;
  /** Where the plan limits sites: which one, and that it holds while fewer than so many of its devices are in the update. */
  readonly site: { readonly site: string; readonly openMax: number | null } | null;
}

/** Of what is no offer. */
export const NO_LIMITS: LimitClaim = { openMax: null, offersMax: null, bytes: null, site: null };

export type Room =
  | { readonly kind: "free"; readonly claim: LimitClaim }
  | {
      readonly kind: "full";
      readonly reason: WaitReason;
      readonly isContended: boolean;
      readonly until: InstantMs | null;
    };

type LimitedFacts = Pick<DeploymentFacts, "id" | "isForced" | "plan" | "tally" | "flow">;

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
  return {
    kind: "free",
    claim: { openMax: concurrentMax, offersMax, bytes: bytes.claim, site: siteClaim },
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
  { id: deploymentId, plan, flow: { offers } }: LimitedFacts,
  now: InstantMs,
): Extract<Room, { kind: "full" }> | (Pick<LimitClaim, "offersMax"> & { readonly kind: "free" }) {
  const { perMinute } = plan.limits;
  if (perMinute === undefined) return { kind: "free", offersMax: null };
  const offersMax = takenMax(MINUTE_WINDOW, offers, perMinute, now);
  if (offers.taken < offersMax) return { kind: "free", offersMax };
  const until = present(
    freeAt(MINUTE_WINDOW, offers, perMinute, 1),
    "offers that fill a minute leave it",
  );
  const reason = { kind: "rate-limit", deploymentId, perMinute, until: isoText(until) } as const;
  return { kind: "full", reason, isContended: false, until };
}
