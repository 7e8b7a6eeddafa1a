import { useId, type ReactNode } from "react";
import { classNames } from "./class-names.ts";

export interface RadioChoice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: ReactNode;
  /** What belongs to it, shown while it is chosen. */
  readonly content?: ReactNode;
}

/** One of a few, all in sight with what each means. */
export function RadioGroup<Value extends string>({
  legend,
  value,
  choices,
  onChange,
  isLegendHidden = false,
}: {
  readonly legend: string;
  readonly value: Value | undefined;
  readonly choices: readonly RadioChoice<Value>[];
  readonly onChange: (value: Value) => void;
  readonly isLegendHidden?: boolean;
}) {
  const name = useId();
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className={isLegendHidden ? "sr-only" : "mb-1 text-sm font-medium"}>{legend}</legend>
      {choices.map(({ value: choice, label, hint, content }) => (
        <div
          key={choice}
          className={classNames(
            "rounded-md border px-3 py-2",
            value === choice ? "border-primary bg-move-tint" : "border-line",
          )}
        >
          <label className="flex cursor-pointer items-start gap-2.5 pointer-coarse:min-h-9">
            <input
              type="radio"
              name={name}
              value={choice}
              checked={value === choice}
              onChange={() => onChange(choice)}
              aria-describedby={hint === undefined ? undefined : `${name}-${choice}`}
              className="mt-1 size-4 shrink-0 accent-primary"
            />
            <span className="font-medium">{label}</span>
          </label>
          {hint !== undefined && (
            <p id={`${name}-${choice}`} className="pl-6.5 text-sm text-soft">
              {hint}
            </p>
          )}
          {value === choice && content !== undefined && (
            <div className="mt-2 sm:pl-6.5">{content}</div>
          )}
        </div>
      ))}
    </fieldset>
  );
}
