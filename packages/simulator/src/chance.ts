import { seededRandom } from "@moult/base";

/** Everything that is left to chance in a world; the same seed draws the same, on every machine. */
export interface Chance {
  /** In [0, 1). */
  fraction(): number;
  happens(probability: number): boolean;
  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number;
  pick<T>(options: readonly [T, ...T[]]): T;
}

/** Independent draws for one purpose, so that one purpose's drawing once more does not move all the others. */
export function chanceOf(seed: number, purpose: number): Chance {
  const random = seededRandom(
    Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(purpose + 1, 0x85eb_ca6b),
  );
  const fraction = (): number => random.fraction();
  const below = (count: number): number => Math.floor(fraction() * count);
  return {
    fraction,
    happens: (probability) => probability > 0 && fraction() < probability,
    below,
    pick: (options) => options[below(options.length)] ?? options[0],
  };
}
