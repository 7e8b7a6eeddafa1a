import { HOUR_MS, MINUTE_MS, SECOND_MS, unreachable, type BackOff } from "@moult/base";
import type { TurnedAway } from "./device-session.ts";

/** Between tries to reach a server that does not answer. */
export const UNREACHABLE: BackOff = { delayMsMin: 2 * SECOND_MS, delayMsMax: 10 * MINUTE_MS };

/** How long to leave a server alone that turned this device away, from the first time to the last. */
export function patience(away: TurnedAway): BackOff {
  if (away.kind === "problem") {
    const { retryAfterSeconds } = away.problem;
    return retryAfterSeconds === undefined
      ? UNREACHABLE
      : // Back-off draws from half its minimum upwards, and the server is not asked again before it wants to be.
        { delayMsMin: 2 * retryAfterSeconds * SECOND_MS + 1, delayMsMax: UNREACHABLE.delayMsMax };
  }
  switch (away.state) {
    case "pending":
      return { delayMsMin: 2 * SECOND_MS, delayMsMax: 5 * MINUTE_MS };
    case "rejected":
      return { delayMsMin: MINUTE_MS, delayMsMax: HOUR_MS };
    case "decommissioned":
      // For good, says the server; an operator who erred is still heard within a day.
      return { delayMsMin: 12 * HOUR_MS, delayMsMax: 24 * HOUR_MS };
    default:
      return unreachable(away.state);
  }
}
