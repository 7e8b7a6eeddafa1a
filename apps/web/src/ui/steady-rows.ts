/** The rows of a page as they were when it was opened. */
export interface HeldRows<Row> {
  readonly pageKey: string;
  readonly rows: readonly Row[];
}

export interface SteadyRows<Row> {
  readonly rows: readonly Row[];
  /** Keys of rows that are on this page no more; they show what was last known. */
  readonly goneKeys: ReadonlySet<string>;
  /** How many rows came and went since. */
  readonly changedCount: number;
}

/** What was held, in its order, with the newest contents: cells change in place, and no row jumps under a finger. */
export function steadyRows<Row>(
  held: readonly Row[],
  fresh: readonly Row[],
  keyOf: (row: Row) => string,
): SteadyRows<Row> {
  const freshByKey = new Map(fresh.map((row) => [keyOf(row), row]));
  const goneKeys = new Set(held.map(keyOf).filter((key) => !freshByKey.has(key)));
  const stayed = held.length - goneKeys.size;
  return {
    rows: held.map((row) => freshByKey.get(keyOf(row)) ?? row),
    goneKeys,
    changedCount: goneKeys.size + (fresh.length - stayed),
  };
}
