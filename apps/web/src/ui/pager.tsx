import { use } from "react";
import { Button } from "./button.tsx";
import { Coming } from "./coming.ts";
import type { usePaging } from "./use-paging.ts";

export interface PagerProps {
  /** "1-100 of 12,431": what is known of where this page is. */
  readonly summary: string;
  readonly paging: Pick<ReturnType<typeof usePaging>, "hasPrevious" | "previous" | "next">;
  /** Of the page after this one; null on the last. */
  readonly nextCursor: string | null;
  /** Fetches the next page already when somebody is about to ask for it. */
  readonly onNextIntent?: () => void;
}

/** Pages by cursor: forward and back, with an address each; find-in-page, printing and the back button work. */
export function Pager({ summary, paging, nextCursor, onNextIntent }: PagerProps) {
  // Where the page after one lies is known with that page alone.
  const isComing = use(Coming);
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center justify-between gap-3 py-3">
      <span className="tabular text-soft">{isComing ? "Loading the page" : summary}</span>
      <span className="flex gap-2">
        <Button
          disabledReason={paging.hasPrevious ? undefined : "this is the first page"}
          onClick={paging.previous}
        >
          Previous
        </Button>
        <Button
          disabledReason={
            isComing
              ? "the page is on its way"
              : nextCursor === null
                ? "this is the last page"
                : undefined
          }
          onClick={() => nextCursor !== null && paging.next(nextCursor)}
          {...(onNextIntent === undefined
            ? {}
            : { onPointerEnter: onNextIntent, onFocus: onNextIntent })}
        >
          Next
        </Button>
      </span>
    </nav>
  );
}
