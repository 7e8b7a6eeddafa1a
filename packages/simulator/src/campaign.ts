import { FAULT_LEVELS, type FaultLevel } from "./fault-levels.ts";
import type { Broken } from "./invariants.ts";
import type { SeenBootPlan } from "./machine.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { createImages, type Images } from "./release.ts";
import { scenarioOf } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";
import { simulate, type Platform, type Simulation } from "./simulate.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";

/** A world that broke an invariant. */
export interface Finding extends Broken {
  readonly seed: number;
  readonly level: FaultLevel;
}

export interface CampaignResult {
  readonly tally: Tally;
  readonly findings: readonly Finding[];
}

/** Levels take turns, so that every range of seeds has worlds of each. */
export const levelOf = (seed: number): FaultLevel =>
  FAULT_LEVELS[seed % FAULT_LEVELS.length] ?? "L0";

export interface SeedOptions {
  readonly platform: Platform;
  readonly seed: number;
  /** That of the seed unless said. */
  readonly level?: FaultLevel;
  readonly shipped?: Shipped;
  readonly isTraced?: boolean;
  readonly images?: Images;
  readonly onBootPlan?: (seen: SeenBootPlan) => void;
}

/** The one world of a seed. */
export function simulateSeed(options: SeedOptions): Promise<Simulation> {
  const { seed, level = levelOf(seed) } = options;
  return simulate({ ...options, scenario: scenarioOf(seed, level) });
}

/** The worlds of the seeds from `from` up to, not including, `to`. */
export async function runSeeds(
  platform: Platform,
  from: number,
  to: number,
): Promise<CampaignResult> {
  const images = createImages(platform.sha256);
  const tally = emptyTally();
  const findings: Finding[] = [];
  for (let seed = from; seed < to; seed += 1) {
    const run = await simulateSeed({ platform, seed, images });
    addTally(tally, run.tally);
    if (run.broken !== null) findings.push({ seed, level: levelOf(seed), ...run.broken });
  }
  return { tally, findings };
}

/** How a planted bug was found; null when it was not. */
export interface ControlResult {
  readonly name: string;
  readonly found: Finding | null;
}

/**
 * Looks for a planted bug: in the world that is known to show it, and when that one does not any more, in the worlds of all
 * seeds up to `seedsMax`.
 */
export async function findPlanted(
  platform: Platform,
  name: string,
  seedsMax: number,
): Promise<ControlResult> {
  const bug = PLANTED_BUGS.find((planted) => planted.name === name);
  if (bug === undefined) throw new Error(`no bug is called ${name}`);
  const images = createImages(platform.sha256);
  const seeds = [bug.seed, ...Array.from({ length: seedsMax }, (_, seed) => seed)];
  for (const seed of seeds) {
    const { broken } = await simulateSeed({ platform, seed, images, shipped: bug.shipped });
    if (broken !== null && bug.expected.includes(broken.invariant))
      return { name, found: { seed, level: levelOf(seed), ...broken } };
  }
  return { name, found: null };
}
