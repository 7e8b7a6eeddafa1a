import { unreachable, type Random } from "@moult/base";

/** What a power cut does to the writes that nobody flushed. */
export const CUT_POLICIES = [
  /** All are lost. */
  "none",
  /** All survive. */
  "all",
  /** Each survives or not, by a probability that is drawn for each cut. */
  "subset",
  /** The first of them survive, however many. */
  "prefix",
  /** Each granule of each survives or not, in no order. */
  "torn",
] as const;
export type CutPolicy = (typeof CUT_POLICIES)[number];

/** The bytes of one write that survived, by their places in the write. */
export interface Survivor {
  readonly start: number;
  readonly end: number;
}

/** A write that is not durable yet. */
export interface Extent {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** For each pending write, oldest first, what of it survives. `atomBytes`: what the medium writes whole or not at all. */
export function survivorsOf(
  pending: readonly Extent[],
  policy: CutPolicy,
  atomBytes: number,
  random: Random,
): readonly (readonly Survivor[])[] {
  const whole = ({ lengthBytes }: Extent): Survivor[] => [{ start: 0, end: lengthBytes }];
  switch (policy) {
    case "none":
      return pending.map(() => []);
    case "all":
      return pending.map(whole);
    case "prefix": {
      const survive = Math.floor(random.fraction() * (pending.length + 1));
      return pending.map((extent, index) => (index < survive ? whole(extent) : []));
    }
    case "subset": {
      const probability = random.fraction();
      return pending.map((extent) => (random.fraction() < probability ? whole(extent) : []));
    }
    case "torn": {
      const probability = random.fraction();
      return pending.map((extent) =>
        granulesOf(extent, atomBytes).filter(() => random.fraction() < probability),
      );
    }
    default:
      return unreachable(policy);
  }
}

/** A write, cut where the medium may tear it: at its atoms, which begin at the disk's first byte. */
export function granulesOf({ offset, lengthBytes }: Extent, atomBytes: number): Survivor[] {
  const granules: Survivor[] = [];
  for (let start = 0; start < lengthBytes;) {
    const end = Math.min(lengthBytes, start + atomBytes - ((offset + start) % atomBytes));
    granules.push({ start, end });
    start = end;
  }
  return granules;
}
