import { useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";

/**
 * Keys of a list, heard only while something in it has the focus: `j` and `k` go down and up, `x` ticks, `[` and `]` turn
 * pages. When the row that had the focus goes, the next one gets it.
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
  const held = useRef<HeldRow | null>(null);
  useEffect(() => keepFocus(list.current, held));
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || isText(target)) return;
    const rows = rowsOf(list.current);
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
    <div
      ref={list}
      role="presentation"
      onKeyDown={onKeyDown}
      onFocus={({ target }) => {
        // A dialog of a row belongs to it here, wherever it stands on the page.
        if (list.current?.contains(target) !== true) return;
        const rows = rowsOf(list.current);
        const at = rows.findIndex((row) => row.contains(target));
        held.current = at < 0 ? null : { row: rows[at] as Element, at };
      }}
    >
      {children}
    </div>
  );
}

/** The row that had the focus last, and how far down it stood. */
interface HeldRow {
  readonly row: Element;
  readonly at: number;
}

const rowsOf = (list: Element | null): readonly Element[] => [
  ...(list?.querySelectorAll("tbody tr") ?? []),
];

/** Nothing has the focus once what had it is gone, or it fell to the note that says so. */
function isFocusLost(): boolean {
  const { activeElement } = document;
  return (
    activeElement === null ||
    activeElement === document.body ||
    activeElement.closest("[data-toasts]") !== null
  );
}

/** A dialog that closes gives the focus back a moment later; the frame gives it to the title after a longer one. */
const REST_MS = 50;

function keepFocus(list: Element | null, held: { current: HeldRow | null }): void {
  const { row, at } = held.current ?? {};
  if (row === undefined || at === undefined || row.isConnected) return;
  setTimeout(() => {
    if (!isFocusLost()) return;
    const rows = rowsOf(list);
    if (rows.length > 0) focusLink(rows[Math.min(at, rows.length - 1)]);
  }, REST_MS);
}

const focusLink = (row: Element | undefined): void =>
  row?.querySelector<HTMLAnchorElement>("a[href]")?.focus();

const isText = (target: EventTarget): boolean =>
  target instanceof HTMLElement &&
  (target.matches("textarea, select") ||
    (target instanceof HTMLInputElement && target.type !== "checkbox"));
