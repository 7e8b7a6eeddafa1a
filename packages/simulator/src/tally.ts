/** What was met, counted: how many runs, and which of the things that can happen did. */
export interface Tally {
  seeds: number;
  /** Attempts that the device began. */
  updates: number;
  powerCuts: number;
  boots: number;
  /** By name. */
  readonly outcomes: Record<string, number>;
  readonly faults: Record<string, number>;
  /** Power cuts by the state the update was in, and within it by what was being done. */
  readonly cutsByState: Record<string, number>;
  readonly cutPoints: Record<string, number>;
  /** States that were saved. */
  readonly states: Record<string, number>;
  /** Broken invariants, by name. */
  readonly broken: Record<string, number>;
}

export const emptyTally = (): Tally => ({
  seeds: 0,
  updates: 0,
  powerCuts: 0,
  boots: 0,
  outcomes: {},
  faults: {},
  cutsByState: {},
  cutPoints: {},
  states: {},
  broken: {},
});

export function count(into: Record<string, number>, name: string, by = 1): void {
  into[name] = (into[name] ?? 0) + by;
}

/** Adds `other` to `into`. */
export function addTally(into: Tally, other: Tally): void {
  into.seeds += other.seeds;
  into.updates += other.updates;
  into.powerCuts += other.powerCuts;
  into.boots += other.boots;
  for (const key of ["outcomes", "faults", "cutsByState", "cutPoints", "states", "broken"] as const)
    for (const [name, by] of Object.entries(other[key])) count(into[key], name, by);
}
