import { present, type Random } from "@moult/base";
import { CUT_POLICIES, type CutPolicy } from "../disk/cut-policy.ts";
import type { PartitionName } from "../image/disk-layout.ts";
import type { DiskMoment } from "../machine/rig-device.ts";
import { MILESTONES, type Milestone } from "./serial-mark.ts";

/** When power goes, and what the disk makes of it. */
export interface CutPlan {
  /** Null: from power-on; a moment of the disk's, without a delay. */
  readonly after: Milestone | DiskMoment | null;
  readonly delayMs: number;
  readonly policy: CutPolicy;
}

/** Of cuts by the clock alone, those before the system runs are most. */
const BY_CLOCK = 0.15;
/** Of cuts directly after a write: only those find for certain that something was not flushed. */
const BY_DISK = 0.5;
/** To be hit equally often, and about how many writes an update makes there. `spare`: the slot that is not the good one. */
const DISK_PLACES = [
  ["moult-env", 6],
  ["spare", 8],
  ["moult-data", 40],
] as const;
const SOON_MS = 60;
const LATE_MS = 2_500;
const BY_CLOCK_MS = 9_000;

export interface CutCircumstances {
  /** Stretches delays on a machine that is busy with other things. */
  readonly slowness: number;
  /** The partition of the slot that is not the good one. */
  readonly spare: PartitionName;
  /** Cuts come soon after this, if it is given. */
  readonly moment: Milestone | undefined;
}

export function drawCut(random: Random, { slowness, spare, moment }: CutCircumstances): CutPlan {
  const policy = pick(CUT_POLICIES, random);
  if (moment !== undefined) return { after: moment, delayMs: random.fraction() * SOON_MS, policy };
  const way = random.fraction();
  if (way < BY_DISK) {
    const [place, writesMax] = pick(DISK_PLACES, random);
    const partition = place === "spare" ? spare : place;
    const writes = 1 + Math.floor(random.fraction() * writesMax);
    return { after: { partition, writes }, delayMs: 0, policy };
  }
  if (way < BY_DISK + BY_CLOCK)
    return { after: null, delayMs: random.fraction() * BY_CLOCK_MS * slowness, policy };
  const after = pick(MILESTONES, random);
  const delayMs = random.fraction() * (random.fraction() < 0.5 ? SOON_MS : LATE_MS * slowness);
  return { after, delayMs, policy };
}

const pick = <T>(values: readonly T[], random: Random): T =>
  present(values[Math.floor(random.fraction() * values.length)], "fractions are below 1");

/** For people. */
export function planText({ after, delayMs, policy }: CutPlan): string {
  if (after !== null && typeof after === "object")
    return `${policy}, at write ${after.writes} to ${after.partition}`;
  return `${policy}, ${Math.round(delayMs)} ms after ${after ?? "power-on"}`;
}
