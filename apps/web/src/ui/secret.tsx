import { useId } from "react";
import { CopyButton } from "./copy-button.tsx";

/** A secret that is shown this once: selected, so that any way of copying takes all of it. */
export function Secret({ value, what }: { readonly value: string; readonly what: string }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {what.charAt(0).toUpperCase() + what.slice(1)}
      </label>
      <div className="flex items-center gap-2">
        <input
          id={id}
          readOnly
          autoFocus
          value={value}
          onFocus={(event) => event.target.select()}
          className="min-h-10 w-full rounded-md border border-control bg-raised px-2.5 font-mono text-sm"
          aria-describedby={`${id}-hint`}
        />
        <CopyButton text={value} what={what} />
      </div>
      <p id={`${id}-hint`} className="text-sm text-soft">
        It will not be shown again.
      </p>
    </div>
  );
}
