import type { Overview } from "@moult/model";

/** Versions are devices' own words, so their number is bounded; more rows than this nobody compares. */
const ROWS_MAX = 20;

/**
 * What devices run, the most frequent first. A version that is on its way keeps its row even where nobody runs it yet: the
 * first few devices of a release are those to look at.
 */
export function rankRunning(
  byRunning: ReadonlyMap<string | null, number>,
  moving: ReadonlySet<string>,
): Pick<Overview, "byRunning" | "otherRunning"> {
  const all = new Map(byRunning);
  for (const version of moving) if (!all.has(version)) all.set(version, 0);
  const ranked = [...all]
    .map(([artifactName, count]) => ({
      artifactName,
      count,
      isMoving: artifactName !== null && moving.has(artifactName),
    }))
    .toSorted(
      (left, right) =>
        right.count - left.count ||
        ((left.artifactName ?? "") < (right.artifactName ?? "") ? -1 : 1),
    );
  const isShown = (row: (typeof ranked)[number], index: number) => index < ROWS_MAX || row.isMoving;
  const others = ranked.filter((row, index) => !isShown(row, index));
  return {
    byRunning: ranked.filter(isShown),
    otherRunning: {
      versions: others.length,
      count: others.reduce((sum, { count }) => sum + count, 0),
    },
  };
}
