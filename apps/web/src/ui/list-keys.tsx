import { useRef, type KeyboardEvent, type ReactNode } from "react";

/**
 * Keys of a list, heard only while something in it has the focus: `j` and `k` go down and up, `x` ticks, `[` and `]` turn
 * pages.
 */
export function ListKeys({
  onPrevious,
  onNext,
  children,
}: {
  readonly onPrevious: () => void;
  readonly onNext: () => void;
  readonly children: ReactNode;
}) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || isText(target)) return;
    const rows = [...(list.current?.querySelectorAll("tbody tr") ?? [])];
    const at = rows.findIndex((row) => row.contains(target as Node));
    const acts: Readonly<Record<string, () => void>> = {
      j: () => focusLink(rows[Math.min(at + 1, rows.length - 1)]),
      k: () => focusLink(rows[Math.max(at - 1, 0)]),
      x: () => rows[at]?.querySelector<HTMLInputElement>('input[type="checkbox"]')?.click(),
      "[": onPrevious,
      "]": onNext,
    };
    const act = acts[key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    // The keys are a short way to controls that stand in the list; it is none itself.
    <div ref={list} role="presentation" onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}

const focusLink = (row: Element | undefined): void =>
  row?.querySelector<HTMLAnchorElement>("a[href]")?.focus();

const isText = (target: EventTarget): boolean =>
  target instanceof HTMLElement &&
  (target.matches("textarea, select") ||
    (target instanceof HTMLInputElement && target.type !== "checkbox"));
