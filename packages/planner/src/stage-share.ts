import { assert, present } from "@moult/base";
import { isNamedSize, type NamedSize, type Plan, type StageSize, type Tally } from "@moult/model";
import type { Census, Standing } from "./facts.ts";

/**
 * Up to this many eligible devices a share is exact: each device is ranked by its place, so 10 % of 10 devices is one
 * device and never three. Ranking reads the whole target, hence the bound.
 */
export const EXACT_TARGET_MAX = 999;

/** How many of `eligible` devices a stage of this size is, those of the stages before it among them. */
export function shareSize(size: Exclude<StageSize, NamedSize>, eligible: number): number {
  if ("count" in size) return Math.min(size.count, eligible);
  if ("remaining" in size) return eligible;
  // Rounded down, at least one. A percentage such as 0.29 has no exact binary form; the addend keeps 0.29 % of 100,000
  // at 290.
  const share = Math.floor((size.percent * eligible) / 100 + 1e-9);
  return Math.min(Math.max(share, 1), eligible);
}

/**
 * How many devices each stage holds together with those before it. Percentages and counts may stand side by side, and
 * of 30 devices 50 are more than 10 %: a stage never has fewer than the one before. `named`: of the stages by group or query, how
 * many devices each has that are in none before it.
 */
export function shareSizes(
  { stages }: Plan,
  eligible: number,
  named: readonly number[] = [],
): readonly number[] {
  let before = 0;
  return stages.map(({ size }, index) => {
    before = isNamedSize(size)
      ? Math.min(before + (named[index] ?? 0), eligible)
      : Math.max(before, shareSize(size, eligible));
    return before;
  });
}

/** How many stages are by group or query: the first ones. */
export const namedStageCount = ({ stages }: Plan): number =>
  stages.filter(({ size }) => isNamedSize(size)).length;

/** Whether a stage by group or query has no device of its own: whom it was to be tried on is not there. */
export function isStageEmpty({ stages }: Plan, stage: number, { named = [] }: Census): boolean {
  const size = stages[stage]?.size;
  return size !== undefined && isNamedSize(size) && (named[stage] ?? 0) === 0;
}

/** The most devices that may have a place once `stage` is open; null in the last stage, which takes whoever comes. */
export function stageCap(plan: Plan, stage: number, census: Census): number | null {
  if (stage === lastStage(plan)) return null;
  return sizeUpTo(plan, stage, census);
}

/** How many devices the shares up to and including `stage` really hold, for the share that must have succeeded. */
export function stageSize(plan: Plan, stage: number, census: Census): number {
  const size = sizeUpTo(plan, stage, census);
  if (census.kind === "exact" || stage === lastStage(plan)) return size;
  const below = present(census.belowThreshold[stage], "a census counts every stage");
  return Math.min(size, Math.max(below, 1));
}

/** The first stage whose share holds a device with this standing and place. Who is named comes in with the stage that names it. */
export function stageOfDevice(
  plan: Plan,
  { census, rank, namedStage = null }: Standing,
  place: number,
): number {
  if (namedStage !== null) return namedStage;
  const stage =
    census.kind === "estimated"
      ? census.thresholds.findIndex((threshold) => place < threshold)
      : shareSizes(plan, census.eligible, census.named).findIndex((size) => {
          assert(rank !== null, "an exact census comes with the device's rank");
          return rank < size;
        });
  // A device that became eligible after the census was taken can rank behind everybody that was counted.
  return stage === -1 ? lastStage(plan) : stage;
}

/**
 * Devices that have a place: who was ever offered the release, and who ran it already. An aborted one (the device was
 * taken out of the fleet) gave its place back.
 */
export function placesTaken(tally: Pick<Tally, "admitted" | "alreadyRunning" | "aborted">): number {
  return tally.admitted + tally.alreadyRunning - tally.aborted;
}

export const lastStage = (plan: Plan): number => plan.stages.length - 1;

function sizeUpTo(plan: Plan, stage: number, { eligible, named }: Census): number {
  const sizes = shareSizes(plan, eligible, named);
  return present(sizes[stage], "a deployment's stage is one of its plan");
}
