import { assert, present } from "@moult/base";
import type { Plan, Tally } from "@moult/model";
import type { Census, Standing } from "./facts.ts";
import { placeThreshold } from "./place.ts";

/**
 * Up to this many eligible devices a share is exact: each device is ranked by its place, so 10 % of 10 devices is one
 * device and never three. Ranking reads the whole target, hence the bound.
 */
export const EXACT_TARGET_MAX = 999;

/** How many devices `percent` of `eligible` is: rounded down, at least one, at most all. */
export function shareSize(percent: number, eligible: number): number {
  // A percentage such as 0.29 has no exact binary form; the addend keeps 0.29 % of 100,000 at 290.
  const size = Math.floor((percent * eligible) / 100 + 1e-9);
  return Math.min(Math.max(size, 1), eligible);
}

/** The most devices that may have a place once `stage` is open; null in the last stage, which takes whoever comes. */
export function stageCap(plan: Plan, stage: number, census: Census): number | null {
  if (stage === lastStage(plan)) return null;
  return shareSize(percentOf(plan, stage), census.eligible);
}

/** How many devices the shares up to and including `stage` really hold, for the share that must have succeeded. */
export function stageSize(plan: Plan, stage: number, census: Census): number {
  const size = shareSize(percentOf(plan, stage), census.eligible);
  if (census.kind === "exact" || stage === lastStage(plan)) return size;
  const below = present(census.belowThreshold[stage], "a census counts every stage");
  return Math.min(size, Math.max(below, 1));
}

/** The first stage whose share holds a device with this standing and place. */
export function stageOfDevice(plan: Plan, standing: Standing, place: number): number {
  const { census, rank } = standing;
  const stage = plan.stages.findIndex(({ percent }) => {
    if (census.kind === "estimated")
      return place < placeThreshold(percent) || place <= census.lowestPlace;
    assert(rank !== null, "an exact census comes with the device's rank");
    return rank < shareSize(percent, census.eligible);
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

function percentOf(plan: Plan, stage: number): number {
  return present(plan.stages[stage], "a deployment's stage is one of its plan").percent;
}
