import type { Status } from "./status.ts";
import { classNames } from "./class-names.ts";
import { Shape } from "./shape.tsx";
import { TONE_TEXT, TONE_TINT } from "./tone.ts";

/** A state: word, shape and tone, always all three. */
export function Badge({
  status,
  detail,
  isPlain = false,
}: {
  readonly status: Status;
  /** Further words that belong to it: "41 %". */
  readonly detail?: string;
  /** Without a tint, for the rows of a table. */
  readonly isPlain?: boolean;
}) {
  const { word, shape, tone, sentence } = status;
  return (
    <span
      title={sentence}
      className={classNames(
        "inline-flex items-center gap-1.5 align-middle whitespace-nowrap rounded-full text-sm font-medium",
        TONE_TEXT[tone],
        !isPlain && `${TONE_TINT[tone]} px-2 py-0.5`,
      )}
    >
      <Shape name={shape} size={14} />
      <span>
        {word}
        {detail !== undefined && <span className="tabular font-normal"> {detail}</span>}
      </span>
    </span>
  );
}
