import type { InstantMs } from "@moult/base";
import type { DeploymentState, Tally } from "@moult/model";
import type { ClaimStore } from "./claim-trial.ts";
import type { Claim } from "./decide.ts";
import { NO_FLOW, type FlowFacts, type LimitClaim } from "./limits.ts";
import { DAY_WINDOW, MINUTE_WINDOW, noteTaken } from "./sliding-window.ts";
import { NO_ENDS } from "./stage-gate.ts";
import { placesTaken } from "./stage-share.ts";

/** What claims are made against, as a deployment's row has it. */
export interface Ledger {
  readonly state: DeploymentState;
  readonly stage: number;
  readonly counts: Omit<Tally, "eligible">;
  flow: FlowFacts;
  /** Devices in the update, by their site. */
  readonly sites: Record<string, number>;
}

/** Whether a claim can be granted now. */
export const mayClaim = (
  { state, stage: openStage, counts, flow, sites }: Ledger,
  {
    openMax,
    placesMax,
    offersMax,
    stage,
    bytes,
    site,
  }: Omit<Claim, "deploymentId" | "approvedMin">,
): boolean =>
  state === "running" &&
  (openMax === null || counts.open < openMax) &&
  (placesMax === null || placesTaken(counts) < placesMax) &&
  (stage === null || stage === openStage) &&
  (offersMax === null || flow.offers.taken < offersMax) &&
  (bytes === null || bytes.takenMax === null || flow.bytes.taken + bytes.more <= bytes.takenMax) &&
  (site === null || site.openMax === null || (sites[site.site] ?? 0) < site.openMax);

/** Notes an offer that was claimed. */
export function noteOffer(
  ledger: Ledger,
  { bytes }: Pick<LimitClaim, "bytes">,
  now: InstantMs,
): void {
  const { flow } = ledger;
  ledger.flow = {
    ...flow,
    offers: noteTaken(MINUTE_WINDOW, flow.offers, 1, now),
    bytes: bytes === null ? flow.bytes : noteTaken(DAY_WINDOW, flow.bytes, bytes.more, now),
  };
}

/** Where the ramp of a stage that opens begins to count. */
export function noteOpening(ledger: Ledger): void {
  const { flow, counts } = ledger;
  const atOpening = { offers: flow.offers.taken, succeeded: counts.succeeded };
  ledger.flow = { ...flow, atOpening };
}

/** Counts a device of a site in or, with -1, out. */
export function moveSite({ sites }: Pick<Ledger, "sites">, site: string, by: 1 | -1): void {
  sites[site] = (sites[site] ?? 0) + by;
}

/** A running deployment's claims, in memory. */
export function memoryClaims(): ClaimStore {
  const counts = { ...NO_ENDS, admitted: 0, open: 0, alreadyRunning: 0, aborted: 0 };
  const ledger: Ledger & { stage: number } = {
    state: "running",
    stage: 0,
    counts,
    flow: NO_FLOW,
    sites: {},
  };
  return {
    facts: (_, site) =>
      Promise.resolve({
        tally: { ...counts },
        stage: ledger.stage,
        flow: { ...ledger.flow, site: { site, open: ledger.sites[site] ?? 0 } },
      }),
    offer: (claim, now) => {
      const isGranted = mayClaim(ledger, claim);
      if (isGranted) {
        noteOffer(ledger, claim, now);
        if (claim.site !== null) moveSite(ledger, claim.site.site, 1);
        counts.admitted += 1;
        counts.open += 1;
      }
      return Promise.resolve(isGranted);
    },
    openStage: (stage) => {
      ledger.stage = stage;
      noteOpening(ledger);
      return Promise.resolve();
    },
    end: (site) => {
      moveSite(ledger, site, -1);
      counts.open -= 1;
      counts.succeeded += 1;
      return Promise.resolve();
    },
  };
}
