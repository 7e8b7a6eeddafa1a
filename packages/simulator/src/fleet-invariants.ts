import { INVARIANTS, type Invariant } from "./invariants.ts";

/** What must hold in every fleet, besides all that must hold for each of its devices. */
const FLEET_INVARIANTS = {
  "no-limit-is-exceeded":
    "at no moment are more devices in the update than `concurrentMax`, or more places taken than the open stage has",
  "a-bad-release-is-stopped":
    "a release that never works trips its deployment, unless a person ends it first, and reaches no device beyond the first stage",
  "who-stands-still-admits-nobody":
    "a deployment that is paused, tripped or over makes no offer, and one that runs or is paused takes none back",
  "every-try-has-one-end":
    "each try has exactly one end, which is the device's own and says what it really runs",
  "explain-says-what-decide-does": "whoever asks why is told what the device is answered",
  "every-deployment-ends":
    "when faults stop, a good release reaches the whole fleet and its deployment finishes",
} as const;

export type FleetInvariant = keyof typeof FLEET_INVARIANTS;

export interface FleetBroken {
  readonly invariant: FleetInvariant | Invariant;
  readonly detail: string;
}

export const fleetInvariantSays = (invariant: FleetBroken["invariant"]): string =>
  ({ ...INVARIANTS, ...FLEET_INVARIANTS })[invariant];
