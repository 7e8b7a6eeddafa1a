import { useId, type InputHTMLAttributes, type ReactNode } from "react";
import { classNames } from "./class-names.ts";

const CONTROL =
  "w-full min-h-8 rounded-md border border-control bg-page px-2.5 py-1 text-base text-ink pointer-coarse:min-h-11 aria-invalid:border-bad";

export interface FieldFrameProps {
  readonly label: string;
  readonly hint?: ReactNode | undefined;
  readonly error?: string | undefined;
  /** The label is heard, not seen. */
  readonly isLabelHidden?: boolean | undefined;
}

interface FrameIds {
  readonly id: string;
  readonly describedBy: string | undefined;
}

/** A visible label above, hint and error below, all tied to the control. */
function FieldFrame({
  label,
  hint,
  error,
  isLabelHidden = false,
  children,
}: FieldFrameProps & { readonly children: (ids: FrameIds) => ReactNode }) {
  const id = useId();
  const hintId = hint === undefined ? undefined : `${id}-hint`;
  const errorId = error === undefined ? undefined : `${id}-error`;
  const describedBy = [hintId, errorId].filter((part) => part !== undefined).join(" ");
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={isLabelHidden ? "sr-only" : "text-sm font-medium"}>
        {label}
      </label>
      {children({ id, describedBy: describedBy === "" ? undefined : describedBy })}
      {hint !== undefined && (
        <p id={hintId} className="text-sm text-soft">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={errorId} className="text-sm font-medium text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

type InputProps = Omit<
  InputHTMLAttributes<HTMLInputElement>,
  "value" | "onChange" | "className" | "id"
>;

export function TextField({
  label,
  hint,
  error,
  isLabelHidden,
  value,
  onChange,
  isMono = false,
  ...input
}: FieldFrameProps &
  InputProps & {
    readonly value: string;
    readonly onChange: (value: string) => void;
    readonly isMono?: boolean;
  }) {
  return (
    <FieldFrame label={label} hint={hint} error={error} isLabelHidden={isLabelHidden}>
      {({ id, describedBy }) => (
        <input
          {...input}
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={classNames(CONTROL, isMono && "font-mono")}
          aria-describedby={describedBy}
          aria-invalid={error !== undefined}
        />
      )}
    </FieldFrame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  value,
  onChange,
  rows = 4,
  isMono = false,
}: FieldFrameProps & {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly rows?: number;
  readonly isMono?: boolean;
}) {
  return (
    <FieldFrame label={label} hint={hint} error={error}>
      {({ id, describedBy }) => (
        <textarea
          id={id}
          rows={rows}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={classNames(CONTROL, isMono && "font-mono text-sm")}
          aria-describedby={describedBy}
          aria-invalid={error !== undefined}
        />
      )}
    </FieldFrame>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

/** The browser's own select: the best there is on a phone, and no script. */
export function SelectField<Value extends string>({
  label,
  hint,
  error,
  isLabelHidden,
  value,
  choices,
  onChange,
}: FieldFrameProps & {
  readonly value: Value;
  readonly choices: readonly Choice<Value>[];
  readonly onChange: (value: Value) => void;
}) {
  return (
    <FieldFrame label={label} hint={hint} error={error} isLabelHidden={isLabelHidden}>
      {({ id, describedBy }) => (
        <select
          id={id}
          value={value}
          onChange={(event) => {
            const chosen = choices.find((choice) => choice.value === event.target.value);
            if (chosen !== undefined) onChange(chosen.value);
          }}
          className={CONTROL}
          aria-describedby={describedBy}
          aria-invalid={error !== undefined}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

export function CheckField({
  label,
  hint,
  isChecked,
  onChange,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input
        id={id}
        type="checkbox"
        checked={isChecked}
        onChange={(event) => onChange(event.target.checked)}
        className="mt-1 size-4 accent-primary"
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-sm text-soft">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
