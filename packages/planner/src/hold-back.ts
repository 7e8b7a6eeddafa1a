import type { DeploymentFacts } from "./facts.ts";
import { placeOf, PLACES, placeThreshold } from "./place.ts";

// The share of a target that a deployment never offers anything: the last places of the same order whose first ones the stages
// take. It hangs on the device's draw and the deployment's salt alone, so nobody comes into it or leaves it because others do.

/** Places from this one on are held back. */
export const heldBackFrom = (percent: number | null): number =>
  percent === null ? PLACES : placeThreshold(100 - percent);

/** Whether the deployment holds the device back. Of the few who were admitted nobody asks: they stay. */
export const isHeldBack = (
  { assignment, holdBackPercent, salt }: DeploymentFacts,
  draw: number,
): boolean =>
  assignment === null &&
  holdBackPercent !== undefined &&
  placeOf(draw, salt) >= heldBackFrom(holdBackPercent);

/** About how many of so many devices are held back: who, is decided when the deployment is created. */
export const heldBackAbout = (devices: number, percent: number | null): number =>
  percent === null ? 0 : Math.round((devices * percent) / 100);
