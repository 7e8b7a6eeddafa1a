import type { Overview, ProductName } from "@moult/model";

/** Versions are devices' own words, so their number is bounded; more rows than this nobody compares. */
const ROWS_MAX = 20;

type Row = Overview["byRunning"][number];

/** Versions of one name belong together only within a product. */
export interface VersionOnItsWay {
  readonly product: ProductName;
  readonly version: string;
}

/**
 * What devices run, the most frequent first. A version that is on its way keeps its row even where nobody runs it yet: the
 * first few devices of a release are those to look at.
 */
export function rankRunning(
  counted: readonly Omit<Row, "isMoving">[],
  moving: readonly VersionOnItsWay[],
): Pick<Overview, "byRunning" | "otherRunning"> {
  const isMoving = ({ product, artifactName }: Omit<Row, "isMoving">): boolean =>
    moving.some((one) => one.product === product && one.version === artifactName);
  const isCounted = ({ product, version }: VersionOnItsWay): boolean =>
    counted.some((row) => row.product === product && row.artifactName === version);
  const nobodyYet = new Map(
    moving
      .filter((one) => !isCounted(one))
      .map(({ product, version }) => [
        `${product} ${version}`,
        { product, artifactName: version, count: 0 },
      ]),
  );
  const ranked = [...counted, ...nobodyYet.values()]
    .map((row): Row => ({ ...row, isMoving: isMoving(row) }))
    .toSorted((left, right) => right.count - left.count || (nameOf(left) < nameOf(right) ? -1 : 1));
  const isShown = (row: Row, index: number): boolean => index < ROWS_MAX || row.isMoving;
  const others = ranked.filter((row, index) => !isShown(row, index));
  return {
    byRunning: ranked.filter(isShown),
    otherRunning: {
      versions: others.length,
      count: others.reduce((sum, { count }) => sum + count, 0),
    },
  };
}

const nameOf = ({ product, artifactName }: Row): string => `${product} ${artifactName ?? ""}`;
