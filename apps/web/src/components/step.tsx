import { useEffect, useRef, useState, type ReactNode } from "react";
import { announce } from "../ui/announcer.ts";
import { Shape } from "../ui/shape.tsx";

/** One step of a way: its number, or its tick; what is to be done is open when it is its turn, and can be opened always. */
export function Step({
  number,
  title,
  isDone,
  isCurrent,
  isOpenFirst = isCurrent,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly isDone: boolean;
  readonly isCurrent: boolean;
  /** Whether it is open until somebody opens or closes it. */
  readonly isOpenFirst?: boolean;
  readonly children: ReactNode;
}) {
  const [opened, setOpened] = useState<boolean | undefined>(undefined);
  const isOpen = opened ?? isOpenFirst;
  const button = useRef<HTMLButtonElement>(null);
  const wasCurrent = useRef(isCurrent);
  useEffect(() => {
    if (isCurrent && !wasCurrent.current) {
      announce(`Step ${number}: ${title}`);
      // What had the focus in the step before went with it.
      if (document.activeElement === document.body) button.current?.focus();
    }
    wasCurrent.current = isCurrent;
  }, [isCurrent, number, title]);
  const state = isDone ? "done" : isCurrent ? "now" : "later";
  return (
    <li
      className="rounded-lg border border-line bg-page data-[now=true]:border-primary"
      data-now={isCurrent}
      {...(isCurrent ? { "aria-current": "step" } : {})}
    >
      <h2 className="text-base">
        <button
          ref={button}
          type="button"
          aria-expanded={isOpen}
          onClick={() => setOpened(!isOpen)}
          className="flex min-h-11 w-full items-center gap-3 rounded-lg px-4 py-2 text-left hover:bg-raised"
        >
          <StepMark number={number} isDone={isDone} isCurrent={isCurrent} />
          <span className={isDone ? "text-soft" : "font-semibold"}>{title}</span>
          <span className="ml-auto text-sm font-normal text-soft">{state}</span>
        </button>
      </h2>
      {isOpen && <div className="flex flex-col gap-4 px-4 pb-4 pt-1 sm:pl-14">{children}</div>}
    </li>
  );
}

function StepMark({
  number,
  isDone,
  isCurrent,
}: {
  readonly number: number;
  readonly isDone: boolean;
  readonly isCurrent: boolean;
}) {
  if (isDone)
    return (
      <span className="flex size-7 shrink-0 items-center justify-center text-good">
        <Shape name="check-circle" size={22} />
      </span>
    );
  return (
    <span
      aria-hidden="true"
      className={`flex size-7 shrink-0 items-center justify-center rounded-full border text-sm font-semibold ${isCurrent ? "border-primary bg-primary text-on-primary" : "border-control text-soft"}`}
    >
      {number}
    </span>
  );
}
