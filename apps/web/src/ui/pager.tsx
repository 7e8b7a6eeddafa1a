import { Button } from "./button.tsx";

export interface PagerProps {
  /** "1-100 of 12,431": what is known of where this page is. */
  readonly summary: string;
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
  readonly onPrevious: () => void;
  readonly onNext: () => void;
  /** Fetches the next page already when somebody is about to ask for it. */
  readonly onNextIntent?: () => void;
}

/** Pages by cursor: forward and back, with an address each; find-in-page, printing and the back button work. */
export function Pager(props: PagerProps) {
  const { summary, hasPrevious, hasNext, onPrevious, onNext, onNextIntent } = props;
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center justify-between gap-3 py-3">
      <span className="tabular text-soft">{summary}</span>
      <span className="flex gap-2">
        <Button
          disabledReason={hasPrevious ? undefined : "this is the first page"}
          onClick={onPrevious}
        >
          Previous
        </Button>
        <Button
          disabledReason={hasNext ? undefined : "this is the last page"}
          onClick={onNext}
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
