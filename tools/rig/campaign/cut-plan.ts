import { present, type Random } from "@moult/base";
import { CUT_POLICIES, type CutPolicy } from "../disk/cut-policy.ts";
import { MILESTONES, type Milestone } from "./serial-mark.ts";

/** When power goes, and what the disk makes of it. */
export interface CutPlan {
  /** Null: from power-on. */
  readonly after: Milestone | null;
  readonly delayMs: number;
  readonly policy: CutPolicy;
}

/** Of cuts by the clock alone, those before the system runs are most. */
const BY_CLOCK = 0.15;
const SOON_MS = 60;
const LATE_MS = 2_500;
const BY_CLOCK_MS = 9_000;

/**
 * Draws a cut, soon after `moment` if one is given; `slowness` stretches its delays on a machine that is busy with other
 * things.
 */
export function drawCut(random: Random, slowness: number, moment?: Milestone): CutPlan {
  const policy = pick(CUT_POLICIES, random);
  if (moment !== undefined) return { after: moment, delayMs: random.fraction() * SOON_MS, policy };
  if (random.fraction() < BY_CLOCK)
    return { after: null, delayMs: random.fraction() * BY_CLOCK_MS * slowness, policy };
  const after = pick(MILESTONES, random);
  const delayMs = random.fraction() * (random.fraction() < 0.5 ? SOON_MS : LATE_MS * slowness);
  return { after, delayMs, policy };
}

const pick = <T>(values: readonly T[], random: Random): T =>
  present(values[Math.floor(random.fraction() * values.length)], "fractions are below 1");
