import { assert } from "@moult/base";

/** The prime 2^31 - 1: draws and salts lie in [1, PLACES - 1], so their product keeps every device's place its own. */
export const PLACES = 2_147_483_647;

/**
 * A device's place in a deployment: (draw * salt) mod (2^31 - 1), the same number that SQL computes from the two
 * columns. Multiplication by a salt permutes the places, so that no device is always among the first.
 */
export function placeOf(draw: number, salt: number): number {
  assert(draw >= 1 && draw < PLACES, "a draw lies in [1, 2^31 - 2]");
  assert(salt >= 1 && salt < PLACES, "a salt lies in [1, 2^31 - 2]");
  // The product needs 62 bits, more than a number holds exactly.
  return Number((BigInt(draw) * BigInt(salt)) % BigInt(PLACES));
}

/** Places below this belong to the first `percent` of the devices. */
export const placeThreshold = (percent: number): number => Math.floor((percent / 100) * PLACES);
