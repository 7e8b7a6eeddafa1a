import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField } from "../ui/field.tsx";
import { areLettersOn, turnLetters } from "./letter-keys.ts";
import { PLACE_KEYS } from "./place-keys.ts";

/** Every key that does something, and the way back to the first steps. */
export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [isOn, setOn] = useState(areLettersOn);
  return (
    <Dialog isOpen onClose={onClose} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[1fr_auto] items-center gap-x-6 gap-y-1.5">
        <Row keys={["Ctrl", "K"]} what="Search everything" />
        <Row keys={["/"]} what="Search this page" />
        {PLACE_KEYS.map(({ key, label }) => (
          <Row key={key} keys={["g", key]} what={`Go to ${label.toLowerCase()}`} />
        ))}
        <Row keys={["?"]} what="This list" />
        <Row keys={["Esc"]} what="Close one layer" />
      </dl>
      <CheckField
        label="Single letters do something"
        hint="Off: only keys with Ctrl do."
        isChecked={isOn}
        onChange={(next) => {
          turnLetters(next);
          setOn(next);
        }}
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button
          kind="quiet"
          onClick={() => {
            onClose();
            void navigate({ to: "/first-steps" });
          }}
        >
          First steps
        </Button>
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Row({ keys, what }: { readonly keys: readonly string[]; readonly what: string }) {
  return (
    <>
      <dt>{what}</dt>
      <dd className="flex gap-1">
        {keys.map((key): ReactNode => (
          <kbd key={key} className="rounded border border-control px-1.5 text-sm text-soft">
            {key}
          </kbd>
        ))}
      </dd>
    </>
  );
}
