import type { FleetBroken } from "./fleet-invariants.ts";
import { PLANTED_FLEET_BUGS } from "./fleet-shell.ts";
import { createImages } from "./release.ts";
import type { Platform } from "./simulate.ts";
import { simulateFleet } from "./simulate-fleet.ts";
import { addTally, count, emptyTally, type Tally } from "./tally.ts";

export interface FleetFinding extends FleetBroken {
  readonly seed: number;
  readonly devices: number;
}

export interface FleetCampaignResult {
  readonly devices: number;
  /** By what was released and how its deployment ended: `bad aborted`. */
  readonly deployments: Record<string, number>;
  readonly tally: Tally;
  readonly findings: readonly FleetFinding[];
}

/** The fleets of the seeds below `count`. */
export async function runFleets(platform: Platform, fleets: number): Promise<FleetCampaignResult> {
  const images = createImages(platform.sha256);
  const tally = emptyTally();
  const findings: FleetFinding[] = [];
  const deployments: Record<string, number> = {};
  let devices = 0;
  for (let seed = 0; seed < fleets; seed += 1) {
    const run = await simulateFleet({ platform, seed, images });
    addTally(tally, run.tally);
    devices += run.devices;
    for (const { isBad, state } of run.deployments)
      count(deployments, `${isBad ? "bad" : "good"} ${state}`);
    if (run.broken !== null) findings.push({ seed, devices: run.devices, ...run.broken });
  }
  return { devices, deployments, tally, findings };
}

/** How a bug that was planted in the fleet's shell is found: in its own fleet, or in those of the seeds below `seedsMax`. */
export async function findPlantedInFleets(
  platform: Platform,
  name: string,
  seedsMax: number,
): Promise<FleetFinding | null> {
  const bug = PLANTED_FLEET_BUGS.find((planted) => planted.name === name);
  if (bug === undefined) throw new Error(`no bug is called ${name}`);
  const images = createImages(platform.sha256);
  for (const seed of [bug.seed, ...Array.from({ length: seedsMax }, (_, index) => index)]) {
    const { broken, devices } = await simulateFleet({ platform, seed, images, shell: bug.shell });
    if (broken !== null && bug.expected.some((expected) => expected === broken.invariant))
      return { seed, devices, ...broken };
  }
  return null;
}
