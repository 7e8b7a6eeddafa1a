import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Coming } from "./coming.ts";
import { ProblemPanel } from "./problem-panel.tsx";

/** A titled part of a page. */
export function Panel({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="min-w-0 rounded-lg border border-line bg-page" aria-label={title}>
      <header className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-2">
        <h2 className="text-base">{title}</h2>
        {aside}
      </header>
      <div className="p-4">{children}</div>
    </section>
  );
}

/** Nothing here, and what to do about it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-start gap-2 py-6">
      <p className="text-lg font-medium">{title}</p>
      {children !== undefined && <div className="text-soft">{children}</div>}
    </div>
  );
}

/** Grey rows of the final height, after a moment: what comes quickly never flickers. */
export function Loading({ rows = 4, what }: { readonly rows?: number; readonly what: string }) {
  return (
    <div role="status" className="loading flex flex-col gap-2 py-2">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} aria-hidden="true" className="h-8 rounded bg-sunk" />
      ))}
    </div>
  );
}

interface Answer<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly isPlaceholderData: boolean;
  refetch(): unknown;
}

/**
 * The states that every question to the server has: asked, failed, answered. What was shown before stays readable when a
 * later question fails, under the line that says so.
 */
export function Answered<Data>({
  answer,
  what,
  rows,
  children,
}: {
  readonly answer: Answer<Data>;
  /** For the screen reader, and for the line above old data: "devices". */
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: Data) => ReactNode;
}) {
  const { data, error } = answer;
  const retry = (): void => void answer.refetch();
  if (data === undefined)
    return error === null ? (
      <Loading what={what} {...(rows === undefined ? {} : { rows })} />
    ) : (
      <ProblemPanel error={error} onRetry={retry} />
    );
  return (
    <>
      {error !== null && (
        <div className="mb-3 flex flex-wrap items-center gap-3 rounded-lg border border-warn bg-warn-tint px-3 py-2 text-warn">
          <span>These {what} are old: the server did not answer.</span>
          <Button onClick={retry}>Try again</Button>
        </div>
      )}
      <div
        className={answer.isPlaceholderData ? "opacity-60" : ""}
        aria-busy={answer.isPlaceholderData}
      >
        <Coming value={answer.isPlaceholderData}>{children(data)}</Coming>
      </div>
    </>
  );
}
