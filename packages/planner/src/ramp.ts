import type { Ramp } from "@moult/model";

/** What a deployment has done; its ramp counts from where its stage opened. */
export interface RampCount {
  /** Ever made, each try of a device being one. */
  readonly offers: number;
  /** Devices. */
  readonly succeeded: number;
}

export const NOTHING_DONE: RampCount = { offers: 0, succeeded: 0 };

/**
 * How many offers a minute may have by now. Multiplied step by step, as far as the end and no further: the same on every
 * engine, and without numbers beyond all bounds.
 */
export function rampRate(
  { perMinute, factor, every, perMinuteMax }: Ramp,
  done: RampCount,
  atOpening: RampCount,
): number {
  const steps =
    "succeeded" in every
      ? (done.succeeded - atOpening.succeeded) / every.succeeded
      : (done.offers - atOpening.offers) / every.offered;
  let rate = perMinute;
  for (let step = 1; step <= steps && rate < perMinuteMax; step += 1) rate *= factor;
  // What such a product lacks for want of digits is given back: ten times 1.1 is eleven.
  return Math.min(perMinuteMax, Math.floor(rate + 1e-6));
}
