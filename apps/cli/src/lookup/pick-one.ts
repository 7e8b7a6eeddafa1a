import { CliError } from "../command-line/cli-error.ts";

export interface Candidate<Item> {
  readonly item: Item;
  /** How a person would tell it from the others. */
  readonly label: string;
  /** Lower is nearer: only the nearest ones count. */
  readonly rank: number;
}

/** A whole id, as the API takes it. */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

/** Shorter prefixes would hit by accident. */
export const isIdPrefix = (text: string): boolean => /^[0-9a-f][0-9a-f-]{3,35}$/i.test(text);

const SHOWN_MAX = 8;

/** The one thing that was meant, or an error that shows what it could have been. */
export function pickOne<Item>(
  noun: string,
  text: string,
  candidates: readonly Candidate<Item>[],
  listedBy = `moult ${noun} list`,
): Item {
  const nearest = Math.min(...candidates.map(({ rank }) => rank));
  const best = candidates.filter(({ rank }) => rank === nearest);
  const [first, second] = best;
  if (first === undefined)
    throw new CliError("not-found", `There is no ${noun} "${text}".`, {
      hint: `\`${listedBy}\` shows what there is.`,
    });
  if (second === undefined) return first.item;
  const labels = best.slice(0, SHOWN_MAX).map(({ label }) => label);
  const more = best.length > SHOWN_MAX ? `, and ${best.length - SHOWN_MAX} more` : "";
  throw new CliError(
    "ambiguous",
    `"${text}" could be ${best.length} ${noun}s: ${labels.join(", ")}${more}.`,
    { hint: "Name it by more of its id." },
  );
}
