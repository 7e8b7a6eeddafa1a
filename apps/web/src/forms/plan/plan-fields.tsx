import { useId, useState, type ReactNode } from "react";
import { CheckField, SelectField, TextField, type Choice } from "../../ui/field.tsx";
import { numberOrText } from "./plan-draft.ts";
import { usePlanField } from "./plan-editing.tsx";

interface FieldProps {
  readonly at: string;
  readonly label: string;
  readonly hint?: string;
}

const shown = (value: unknown): string =>
  typeof value === "number" || typeof value === "string" ? String(value) : "";

/** Text that stands for a value keeps its form while it is typed: "1.0" on the way to "1.05". */
function useTyped(
  value: unknown,
  read: (text: string) => unknown,
  write: (value: unknown) => string,
) {
  const [typed, setTyped] = useState("");
  return [read(typed) === value ? typed : write(value), setTyped] as const;
}

/** `whenEmpty`: what stands there until something is typed; the field is away then unless it is needed. */
export function NumberAt({
  at,
  label,
  hint,
  whenEmpty,
  isNeeded = false,
}: FieldProps & {
  readonly whenEmpty?: string;
  readonly isNeeded?: boolean;
}) {
  const { value, problem, set } = usePlanField(at);
  const [text, setTyped] = useTyped(value, numberOrText, shown);
  return (
    <TextField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      {...(whenEmpty === undefined ? {} : { placeholder: whenEmpty })}
      error={problem}
      inputMode="decimal"
      autoComplete="off"
      value={text}
      onChange={(next) => {
        setTyped(next);
        set(next.trim() === "" && !isNeeded ? undefined : numberOrText(next));
      }}
    />
  );
}

const TIMES = [
  { value: "60", label: "min" },
  { value: "3600", label: "h" },
  { value: "86400", label: "d" },
] as const satisfies Units;

/** Powers of a thousand, as disks and networks count. */
const SIZES = [
  { value: "1000000", label: "MB" },
  { value: "1000000000", label: "GB" },
  { value: "1000000000000", label: "TB" },
] as const satisfies Units;

/** Each by how many of the model's it is, the smallest first. */
type Units = readonly [Choice<string>, Choice<string>, ...Choice<string>[]];

interface MeasureProps extends FieldProps {
  readonly whenEmpty?: string;
}

/** Seconds in the model, or as many seconds as `each` says; minutes, hours or days here. */
export function DurationAt({ each = 1, ...field }: MeasureProps & { readonly each?: number }) {
  return <MeasureAt {...field} units={TIMES} each={each} />;
}

/** Bytes in the model. */
export function BytesAt(field: MeasureProps) {
  return <MeasureAt {...field} units={SIZES} each={1} />;
}

/** The largest unit that it is a whole number of; the middle one of nothing. */
const unitOf = (units: Units, amount: number): string =>
  (amount > 0
    ? units.findLast(({ value: unit }) => amount % Number(unit) === 0)?.value
    : units[1].value) ?? units[0].value;

function MeasureAt({
  at,
  label,
  hint,
  whenEmpty,
  units,
  each,
}: MeasureProps & { readonly units: Units; readonly each: number }) {
  const { value, problem, set } = usePlanField(at);
  const [chosen, setChosen] = useState<string>();
  const unit = chosen ?? unitOf(units, typeof value === "number" ? value * each : 0);
  const inModel = (text: string, of: string): unknown => {
    const number = numberOrText(text);
    return typeof number === "number" ? Math.round((number * Number(of)) / each) : number;
  };
  const read = (text: string): unknown => inModel(text, unit);
  const [text, setTyped] = useTyped(value, read, (kept) =>
    typeof kept === "number" ? String((kept * each) / Number(unit)) : shown(kept),
  );
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_5rem] items-start gap-1">
      <TextField
        label={label}
        {...(hint === undefined ? {} : { hint })}
        {...(whenEmpty === undefined ? {} : { placeholder: whenEmpty })}
        error={problem}
        inputMode="decimal"
        autoComplete="off"
        value={text}
        onChange={(next) => {
          setTyped(next);
          setChosen(unit);
          set(next.trim() === "" ? undefined : read(next));
        }}
      />
      <div className="pt-6">
        <SelectField
          label={`Unit of “${label}”`}
          isLabelHidden
          value={unit}
          choices={units}
          onChange={(next) => {
            setChosen(next);
            if (text.trim() !== "") set(inModel(text, next));
          }}
        />
      </div>
    </div>
  );
}

/** Words separated by commas. */
export function WordsAt({ at, label, hint }: FieldProps) {
  const { value, problem, set } = usePlanField(at);
  const [text, setTyped] = useState<string>();
  const kept = Array.isArray(value) ? value.map(String) : [];
  const isTyped = text !== undefined && wordsOf(text).join() === kept.join();
  return (
    <TextField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      error={problem}
      autoComplete="off"
      value={isTyped ? text : kept.join(", ")}
      onChange={(next) => {
        setTyped(next);
        const words = wordsOf(next);
        set(words.length === 0 ? undefined : words);
      }}
    />
  );
}

const wordsOf = (text: string): readonly string[] =>
  text.split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));

export function TextAt({ at, label, hint }: FieldProps) {
  const { value, problem, set } = usePlanField(at);
  return (
    <TextField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      error={problem}
      autoComplete="off"
      value={shown(value)}
      onChange={(next) => set(next === "" ? undefined : next)}
    />
  );
}

/** There or not: `on` is what stands in the plan when it is ticked. */
export function CheckAt({ at, label, hint, on = true }: FieldProps & { readonly on?: unknown }) {
  const { value, set } = usePlanField(at);
  return (
    <CheckField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      isChecked={value !== undefined}
      onChange={(isChecked) => set(isChecked ? on : undefined)}
    />
  );
}

/** A titled group of fields. */
export function Part({
  title,
  isSmall = false,
  children,
}: {
  readonly title: string;
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} className="flex min-w-0 flex-col gap-2">
      {isSmall ? (
        <h4 id={id} className="text-sm font-semibold">
          {title}
        </h4>
      ) : (
        <h3 id={id} className="border-b border-line pb-1 text-base">
          {title}
        </h3>
      )}
      {children}
    </div>
  );
}

export function FieldRow({ children }: { readonly children: ReactNode }) {
  return <div className="grid items-start gap-x-3 gap-y-2 min-[26rem]:grid-cols-2">{children}</div>;
}
