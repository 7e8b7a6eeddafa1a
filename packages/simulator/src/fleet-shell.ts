import { fleetCheckIn, fleetEnd } from "@moult/planner";
import type { FleetInvariant } from "./fleet-invariants.ts";

/** Where the server's decisions become rows; a planted bug takes the place of one of these. */
export interface FleetShell {
  readonly checkIn: typeof fleetCheckIn;
  readonly end: typeof fleetEnd;
}

export const FLEET_SHELL: FleetShell = { checkIn: fleetCheckIn, end: fleetEnd };

/** A mistake that somebody could make where the planner is used. */
export interface PlantedFleetBug {
  readonly name: string;
  /** By which it may be caught. */
  readonly expected: readonly FleetInvariant[];
  readonly shell: FleetShell;
  /** A fleet in which it is found. */
  readonly seed: number;
}

export const PLANTED_FLEET_BUGS: readonly PlantedFleetBug[] = [
  {
    name: "an offer claims by a count that is out of date",
    seed: 1,
    expected: ["no-limit-is-exceeded"],
    shell: {
      ...FLEET_SHELL,
      checkIn: (fleet, device) => {
        const { open } = fleet.counts;
        fleet.counts.open = 0;
        const decision = fleetCheckIn(fleet, device);
        fleet.counts.open += open;
        return decision;
      },
    },
  },
  {
    name: "a failure is judged without those before it",
    seed: 10,
    expected: ["a-bad-release-is-stopped"],
    shell: {
      ...FLEET_SHELL,
      end: (fleet, device, outcome, code) => {
        const { failed, rolledBack } = fleet.counts;
        fleet.counts.failed = 0;
        fleet.counts.rolledBack = 0;
        fleetEnd(fleet, device, outcome, code);
        fleet.counts.failed += failed;
        fleet.counts.rolledBack += rolledBack;
      },
    },
  },
  {
    name: "the state of the deployment is read before the pause",
    seed: 14,
    expected: ["who-stands-still-admits-nobody"],
    shell: {
      ...FLEET_SHELL,
      checkIn: (fleet, device) => {
        const { state } = fleet;
        if (state !== "paused") return fleetCheckIn(fleet, device);
        fleet.state = "running";
        const decision = fleetCheckIn(fleet, device);
        if (fleet.state === "running") fleet.state = state;
        return decision;
      },
    },
  },
  {
    name: "a try that failed is kept as one that was rolled back",
    seed: 3,
    expected: ["every-try-has-one-end"],
    shell: {
      ...FLEET_SHELL,
      end: (fleet, device, outcome, code) =>
        fleetEnd(fleet, device, outcome === "failed" ? "rolled-back" : outcome, code),
    },
  },
];
