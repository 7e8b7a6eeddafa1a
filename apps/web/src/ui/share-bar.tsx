import { count } from "../format/number.ts";
import { classNames } from "./class-names.ts";
import { TONE_FILL, type Tone } from "./tone.ts";

export interface Share {
  readonly word: string;
  readonly count: number;
  readonly tone: Tone;
}

/**
 * Shares of a whole in a bar, always in the order succeeded, under way, waiting, silent, rolled back, failed. Small shares
 * keep a visible minimum; the numbers beside it tell the truth. The bar is a picture of text that stands elsewhere, so it
 * has one name and no parts for a screen reader.
 */
export function ShareBar({
  shares,
  total,
  name,
  height = "h-2.5",
}: {
  readonly shares: readonly Share[];
  readonly total: number;
  readonly name: string;
  readonly height?: string;
}) {
  const shown = shares.filter((share) => share.count > 0);
  const text = shown.map((share) => `${count(share.count)} ${share.word}`).join(", ");
  return (
    <div
      role="img"
      aria-label={`${name}: ${text === "" ? "none yet" : text}, of ${count(total)}`}
      className={classNames("flex w-full gap-0.5 overflow-hidden rounded-sm bg-sunk", height)}
    >
      {shown.map((share) => (
        <div
          key={share.word}
          className={classNames("min-w-[3px]", TONE_FILL[share.tone])}
          style={{ flexGrow: share.count, flexBasis: 0 }}
        />
      ))}
      {rest(shown, total) > 0 && <div style={{ flexGrow: rest(shown, total), flexBasis: 0 }} />}
    </div>
  );
}

const rest = (shares: readonly Share[], total: number): number =>
  total - shares.reduce((sum, share) => sum + share.count, 0);
