import { useEffect, useRef, type ReactNode } from "react";
import { plainText } from "../format/visible-text.ts";

export interface PageHeaderProps {
  /** Also the document's title. */
  readonly title: string;
  /** Where the page hangs: a link to its list. */
  readonly above?: ReactNode;
  readonly badge?: ReactNode;
  /** The answer first: one sentence that a person could say aloud. */
  readonly sentence?: ReactNode;
  readonly actions?: ReactNode;
  /** The title as drawn, where it is text from outside. */
  readonly shownTitle?: ReactNode;
}

/** Set by the router when a page was left for another one; from a tab the focus stays where it is. */
const arrival = { takesFocus: false };

export const takeFocusOnArrival = (): void => {
  arrival.takesFocus = true;
};

/** The head of a page. On arrival the title has the focus, so that a screen reader starts there. */
export function PageHeader({
  title,
  above,
  badge,
  sentence,
  actions,
  shownTitle,
}: PageHeaderProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${plainText(title)} · Moult`;
  }, [title]);
  useEffect(() => {
    if (!arrival.takesFocus) return;
    arrival.takesFocus = false;
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header className="mb-5 flex flex-col gap-1.5">
      {above !== undefined && <div className="text-sm">{above}</div>}
      <div className="flex flex-col gap-1.5 sm:grid sm:grid-cols-[minmax(12rem,1fr)_auto] sm:gap-x-3">
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <h1 ref={heading} tabIndex={-1} className="min-w-0 text-2xl [overflow-wrap:anywhere]">
            {shownTitle ?? title}
          </h1>
          {badge}
        </div>
        {sentence !== undefined && (
          <p className="max-w-prose text-lg text-soft sm:col-span-2 sm:row-start-2">{sentence}</p>
        )}
        {actions !== undefined && (
          <div className="flex flex-wrap gap-2 self-start max-sm:pt-1.5 sm:col-start-2 sm:row-start-1">
            {actions}
          </div>
        )}
      </div>
    </header>
  );
}
