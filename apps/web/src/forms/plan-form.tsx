import { useId } from "react";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import {
  withStage,
  withStageChanged,
  withoutStage,
  type PlanDraft,
  type PlanProblems,
  type StageDraft,
} from "./plan-draft.ts";

export interface PlanFormProps {
  readonly draft: PlanDraft;
  readonly problems: PlanProblems;
  readonly onChange: (draft: PlanDraft) => void;
}

/** A plan of one's own: its stages with their limits on failures, then what holds for all of them. */
export function PlanForm({ draft, problems, onChange }: PlanFormProps) {
  const whole = problems.get("stages");
  return (
    <div className="flex flex-col gap-4">
      <ol className="flex flex-col gap-3">
        {draft.stages.map((stage, index) => (
          <StageFields
            key={index}
            index={index}
            stage={stage}
            problems={problems}
            isOnly={draft.stages.length === 1}
            onChange={(change) => onChange(withStageChanged(draft, index, change))}
            onRemove={() => onChange(withoutStage(draft, index))}
          />
        ))}
      </ol>
      {whole !== undefined && (
        <p role="alert" className="text-sm font-medium text-bad">
          {whole}
        </p>
      )}
      <div>
        <Button onClick={() => onChange(withStage(draft))}>Add a stage</Button>
      </div>
      <div className="grid gap-3 sm:grid-cols-3">
        <NumberField
          label="At once, at most"
          hint="devices in the update at the same time"
          value={draft.concurrentMax}
          problem={problems.get("concurrentMax")}
          onChange={(concurrentMax) => onChange({ ...draft, concurrentMax })}
        />
        <NumberField
          label="Tries"
          hint="a device has"
          value={draft.attemptsMax}
          problem={problems.get("attemptsMax")}
          onChange={(attemptsMax) => onChange({ ...draft, attemptsMax })}
        />
        <NumberField
          label="Hours without a report"
          hint="then a device has timed out"
          value={draft.timeoutHours}
          problem={problems.get("assignmentTimeoutSeconds")}
          onChange={(timeoutHours) => onChange({ ...draft, timeoutHours })}
        />
      </div>
    </div>
  );
}

function StageFields({
  index,
  stage,
  problems,
  isOnly,
  onChange,
  onRemove,
}: {
  readonly index: number;
  readonly stage: StageDraft;
  readonly problems: PlanProblems;
  readonly isOnly: boolean;
  readonly onChange: (change: Partial<StageDraft>) => void;
  readonly onRemove: () => void;
}) {
  const titleId = useId();
  const at = (field: string): string | undefined => problems.get(`stages.${index}.${field}`);
  return (
    <li className="rounded-md border border-line bg-page p-3" aria-labelledby={titleId}>
      <div className="mb-2 flex items-center justify-between gap-2">
        <h3 id={titleId} className="text-base">
          Stage {index + 1}
        </h3>
        {!isOnly && (
          <Button kind="quiet" onClick={onRemove}>
            Remove<span className="sr-only"> stage {index + 1}</span>
          </Button>
        )}
      </div>
      <div className="grid grid-cols-2 items-end gap-3 xl:grid-cols-5">
        <NumberField
          label="Up to % of devices"
          value={stage.percent}
          problem={at("percent")}
          onChange={(percent) => onChange({ percent })}
        />
        <NumberField
          label="Next when % succeeded"
          value={stage.advanceAtPercent}
          problem={at("advanceAtPercent")}
          onChange={(advanceAtPercent) => onChange({ advanceAtPercent })}
        />
        <NumberField
          label="Stops at % failed"
          value={stage.stopPercent}
          problem={at("errorStop.percent") ?? at("errorStop")}
          onChange={(stopPercent) => onChange({ stopPercent })}
        />
        <NumberField
          label="… of at least"
          value={stage.sampleMin}
          problem={at("errorStop.sampleMin")}
          onChange={(sampleMin) => onChange({ sampleMin })}
        />
        <NumberField
          label="Stops at failures"
          value={stage.stopCount}
          problem={at("errorStop.count")}
          onChange={(stopCount) => onChange({ stopCount })}
        />
      </div>
    </li>
  );
}

function NumberField({
  label,
  hint,
  value,
  problem,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  return (
    <TextField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      error={problem}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      onChange={onChange}
    />
  );
}
