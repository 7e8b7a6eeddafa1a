import type { Chance } from "./chance.ts";

/** Says when power goes: each change of a disk and each word to the network is a moment at which it may. */
export interface Power {
  /** One more such moment has come. True: power goes here. */
  strikes(): boolean;
  /** How many there were. */
  readonly moments: number;
}

/** Goes after chosen moments, each counted from the beginning. */
export function plannedPower(cuts: ReadonlySet<number>): Power {
  let moments = 0;
  return {
    strikes: () => cuts.has((moments += 1)),
    get moments() {
      return moments;
    },
  };
}

/** Goes by chance, `rate` of all moments; and soon again after it went, so that recoveries are cut as well. */
export function chancyPower(
  chance: Chance,
  rate: number,
  again: number,
  isOn: () => boolean,
): Power {
  let moments = 0;
  let isSoon = false;
  const gap = (): number => {
    if (rate === 0) return Number.POSITIVE_INFINITY;
    const mean = isSoon ? 4 : 1 / rate;
    return 1 + Math.floor(-Math.log(1 - chance.fraction()) * mean);
  };
  let left = gap();
  return {
    strikes: () => {
      moments += 1;
      if (!isOn()) return false;
      left -= 1;
      if (left > 0) return false;
      isSoon = chance.happens(again);
      left = gap();
      return true;
    },
    get moments() {
      return moments;
    },
  };
}
