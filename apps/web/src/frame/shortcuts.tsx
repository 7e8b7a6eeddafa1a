import { useNavigate } from "@tanstack/react-router";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import { Button } from "../ui/button.tsx";
import { isTyping } from "./palette.tsx";
import { areLettersOn } from "./letter-keys.ts";
import { PLACE_KEYS } from "./place-keys.ts";

const ShortcutsDialog = lazy(async () => ({
  default: (await import("./shortcuts-dialog.tsx")).ShortcutsDialog,
}));

/** `g` and then a letter, within this time. */
const SEQUENCE_MS = 1_500;

/** Keys for the places, and the list of all keys. Letters do nothing while somebody types, and can be turned off. */
export function Shortcuts() {
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const goAt = useRef<number | null>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (event.defaultPrevented || isDialogOpen()) return;
      if (!areLettersOn()) return;
      const isSecond = goAt.current !== null && event.timeStamp - goAt.current < SEQUENCE_MS;
      goAt.current = null;
      if (isSecond) {
        const place = PLACE_KEYS.find(({ key }) => key === event.key);
        if (place !== undefined) void navigate(place.link);
      } else if (event.key === "g") goAt.current = event.timeStamp;
      else if (event.key === "?") setOpen(true);
      else if (event.key === "/") focusSearch(event);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate]);
  return (
    <>
      <span className="max-sm:hidden">
        <Button
          kind="quiet"
          aria-haspopup="dialog"
          aria-label="Keyboard shortcuts"
          onClick={() => setOpen(true)}
        >
          ?
        </Button>
      </span>
      {isOpen && (
        <Suspense fallback={null}>
          <ShortcutsDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

const isDialogOpen = (): boolean =>
  document.querySelector("[role=dialog], [role=alertdialog]") !== null;

/** The page's own search, where it has one. */
function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  if (field === null) return;
  event.preventDefault();
  field.focus();
}
