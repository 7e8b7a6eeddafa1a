import type { InstantMs } from "@moult/base";
import type { DeploymentState, Tally } from "@moult/model";
import type { ClaimStore } from "./claim-trial.ts";
import type { Claim } from "./decide.ts";
import { NO_FLOW, type FlowFacts } from "./limits.ts";
import { MINUTE_WINDOW, noteTaken } from "./sliding-window.ts";
import { NO_ENDS } from "./stage-gate.ts";
import { placesTaken } from "./stage-share.ts";

/** What claims are made against, as a deployment's row has it. */
export interface Ledger {
  readonly state: DeploymentState;
  readonly counts: Omit<Tally, "eligible">;
  flow: FlowFacts;
}

/** Whether a claim can be granted now. */
export const mayClaim = (
  { state, counts, flow }: Ledger,
  { openMax, placesMax, offersMax }: Omit<Claim, "deploymentId" | "approvedMin">,
): boolean =>
  state === "running" &&
  (openMax === null || counts.open < openMax) &&
  (placesMax === null || placesTaken(counts) < placesMax) &&
  (offersMax === null || flow.offers.taken < offersMax);

/** Notes an offer that was claimed. */
export function noteOffer(ledger: Ledger, now: InstantMs): void {
  ledger.flow = { offers: noteTaken(MINUTE_WINDOW, ledger.flow.offers, 1, now) };
}

/** A running deployment's claims, in memory. */
export function memoryClaims(): ClaimStore {
  const counts = { ...NO_ENDS, admitted: 0, open: 0, alreadyRunning: 0, aborted: 0 };
  const ledger: Ledger = { state: "running", counts, flow: NO_FLOW };
  return {
    facts: () => Promise.resolve({ tally: { ...counts }, flow: ledger.flow }),
    offer: (claim, now) => {
      const isGranted = mayClaim(ledger, claim);
      if (isGranted) {
        noteOffer(ledger, now);
        counts.admitted += 1;
        counts.open += 1;
      }
      return Promise.resolve(isGranted);
    },
    end: () => {
      counts.open -= 1;
      counts.succeeded += 1;
      return Promise.resolve();
    },
  };
}
