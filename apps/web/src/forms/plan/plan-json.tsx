import { useState } from "react";
import { CopyButton } from "../../ui/copy-button.tsx";
import { TextArea } from "../../ui/field.tsx";
import { isObject } from "./plan-draft.ts";
import { usePlanEditing } from "./plan-editing.tsx";

const textOf = (value: unknown): string => JSON.stringify(value, null, 2);

/** The same plan as the command line and a pipeline take it: to copy, to paste, to change. */
export function PlanJson() {
  const { draft, onChange } = usePlanEditing();
  const [typed, setTyped] = useState("");
  const read = readJson(typed);
  // What was typed stays as it is while it says what the form says, or says nothing yet.
  const isTyped =
    typed !== "" && (read.problem !== undefined || textOf(read.value) === textOf(draft));
  const text = isTyped ? typed : textOf(draft);
  const rows = Math.min(24, text.split("\n").length + 1);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-soft">
          For a pipeline: <code>moult deployment create … --plan plan.json</code>
        </p>
        <CopyButton text={text} what="plan" />
      </div>
      <TextArea
        label="Plan as JSON"
        isMono
        rows={rows}
        value={text}
        error={isTyped ? read.problem : undefined}
        onChange={(next) => {
          setTyped(next);
          const { value } = readJson(next);
          if (value !== undefined) onChange(value);
        }}
      />
    </div>
  );
}

function readJson(text: string): {
  readonly value?: Readonly<Record<string, unknown>>;
  readonly problem?: string;
} {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { value } : { problem: "A plan is an object: { … }." };
  } catch (error) {
    return {
      problem: `Not JSON yet: ${error instanceof Error ? error.message : "no reason given"}`,
    };
  }
}
