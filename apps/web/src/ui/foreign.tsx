import { visibleParts } from "../format/visible-text.ts";
import { classNames } from "./class-names.ts";

/**
 * Text that came from outside (names, attributes, notes, logs): a text node of its own direction, with what could not be
 * seen made visible. `cut` shortens it by the width it has; the whole is in its title.
 */
export function Foreign({
  text,
  cut = false,
  lines = false,
  mono = false,
}: {
  readonly text: string;
  readonly cut?: boolean;
  /** Line breaks are the text's own. */
  readonly lines?: boolean;
  readonly mono?: boolean;
}) {
  return (
    <bdi
      dir="auto"
      className={classNames(
        cut
          ? "inline-block max-w-full truncate align-bottom"
          : "break-words [overflow-wrap:anywhere]",
        lines && "whitespace-pre-wrap",
        mono && "font-mono text-[0.925em]",
      )}
      {...(cut ? { title: text.slice(0, 1_000) } : {})}
    >
      {visibleParts(text, lines ? "lines" : "nothing").map((part, index) =>
        part.isHidden ? (
          <span
            key={index}
            className="mx-px rounded-sm border border-control px-0.5 text-[0.8em] text-soft"
          >
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </bdi>
  );
}
