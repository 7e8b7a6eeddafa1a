import { isoText, present, type InstantMs } from "@moult/base";
import type { Plan, WaitReason } from "@moult/model";
import type { DeploymentFacts } from "./facts.ts";
import { freeAt, MINUTE_WINDOW, takenMax, UNUSED, type WindowUse } from "./sliding-window.ts";

/** What a plan's limits over time are judged by; untouched where it has none. */
export interface FlowFacts {
  /** Offers, each try of a device being one. */
  readonly offers: WindowUse;
  /** Of the device that asks; null where the plan limits no sites. */
  readonly site: SiteFacts | null;
}

/** A device's site: the value of the plan's attribute, empty where it has none. */
export interface SiteFacts {
  readonly site: string;
  /** Devices of the site that are in the update. */
  readonly open: number;
}

export const NO_FLOW: FlowFacts = { offers: UNUSED, site: null };

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
  /** Where the plan limits sites: which one, and that it holds while fewer than so many of its devices are in the update. */
  readonly site: { readonly site: string; readonly openMax: number | null } | null;
}

/** Of what is no offer, and of what a person sent ahead. */
export const NO_LIMITS: LimitClaim = { openMax: null, offersMax: null, site: null };

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
  const { site } = flow;
  if (isForced) {
    const counted = site === null ? null : { site: site.site, openMax: null };
    return { kind: "free", claim: { ...NO_LIMITS, site: counted } };
  }
  const { concurrentMax, perMinute, perSite } = plan.limits;
  if (tally.open >= concurrentMax)
    return {
      kind: "full",
      reason: { kind: "concurrent-limit", deploymentId, limit: concurrentMax },
      isContended: true,
      until: null,
    };
  if (perSite !== undefined && site !== null && site.open >= perSite.concurrentMax)
    return {
      kind: "full",
      reason: {
        kind: "site-limit",
        deploymentId,
        attribute: perSite.attribute,
        site: site.site === "" ? null : site.site,
        limit: perSite.concurrentMax,
      },
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
  const siteClaim =
    site === null ? null : { site: site.site, openMax: perSite?.concurrentMax ?? null };
  return { kind: "free", claim: { openMax: concurrentMax, offersMax, site: siteClaim } };
}
