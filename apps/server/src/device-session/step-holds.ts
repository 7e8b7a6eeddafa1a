import { instant, isoText, type InstantMs } from "@moult/base";
import type { Hold } from "@moult/model";
import type { OfferTerms } from "../deployments/index.ts";

// What a plan says of an update's steps, for clients that cannot be told and left to keep to it: it is looked at each time they ask.

const STEPS = ["install", "reboot"] as const;
type Step = (typeof STEPS)[number];

/** What the plan has against beginning a step now, in the words of Moult's agent. */
export function stepHolds(
  { mode, windows }: OfferTerms,
  before: Step,
  now: InstantMs,
): readonly Hold[] {
  const isKept = before === "install" && mode?.downloadOnly === true;
  const times = windows?.[before];
  const next = times?.find(({ untilMs }) => now < untilMs);
  const isShut = times !== undefined && (next === undefined || now < next.fromMs);
  return [...(isKept ? [NOT_OPEN] : []), ...(isShut ? [shutUntil(next?.fromMs)] : [])];
}

/** The first step that the plan has something against now; undefined: it may begin them all. */
export function heldStep(
  terms: OfferTerms,
  now: InstantMs,
): { readonly before: Step; readonly holds: readonly Hold[] } | undefined {
  return STEPS.map((before) => ({ before, holds: stepHolds(terms, before, now) })).find(
    ({ holds }) => holds.length > 0,
  );
}

const NOT_OPEN: Hold = {
  code: "installation-not-open",
  detail: "Whoever deploys the update has not let it be installed yet.",
};

const shutUntil = (fromMs: number | undefined): Hold => ({
  code: "outside-window",
  detail:
    fromMs === undefined
      ? "No window of the plan is known yet."
      : `The next window of the plan opens at ${isoText(instant(fromMs)).slice(0, 16).replace("T", " ")} UTC.`,
});
