import { instant, isoText, type InstantMs } from "@moult/base";
import type { Hold } from "@moult/model";
import type { OfferTerms } from "../deployments/index.ts";

/** What the plan has against beginning a step now, in the words of Moult's agent. */
export function stepHolds(
  { mode, windows }: OfferTerms,
  before: "install" | "reboot",
  now: InstantMs,
): readonly Hold[] {
  const isKept = before === "install" && mode?.downloadOnly === true;
  const times = windows?.[before];
  const next = times?.find(({ untilMs }) => now < untilMs);
  const isShut = times !== undefined && (next === undefined || now < next.fromMs);
  return [...(isKept ? [NOT_OPEN] : []), ...(isShut ? [shutUntil(next?.fromMs)] : [])];
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
