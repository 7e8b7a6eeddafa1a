import { Suspense, lazy, useEffect, useState } from "react";
import { Button } from "../ui/button.tsx";

const loadDialog = () => import("./palette-dialog.tsx");
const PaletteDialog = lazy(async () => ({ default: (await loadDialog()).PaletteDialog }));

/** Whether a key is meant for a field that somebody types in. */
export const isTyping = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement &&
  (event.target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));

/** Everything by its name: Ctrl K, or the button. Its code is loaded when somebody is about to use it. */
export function Palette() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isAsked = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      if (!isAsked) return;
      event.preventDefault();
      setOpen(true);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const preload = (): void => void loadDialog().catch(() => undefined);
  return (
    <>
      <Button
        aria-haspopup="dialog"
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => setOpen(true)}
      >
        <span>Search</span>
        <kbd className="rounded border border-line px-1 text-xs text-soft max-sm:hidden">
          Ctrl K
        </kbd>
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <PaletteDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
