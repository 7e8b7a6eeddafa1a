import { useId } from "react";
import { WINDOW_SHAPE } from "@moult/model";
import { Button } from "../ui/button.tsx";
import { SelectField, TextArea, TextField } from "../ui/field.tsx";
import {
  withStage,
  withStageChanged,
  withoutStage,
  type PlanDraft,
  type PlanProblems,
  type OnTripKind,
  type SizeKind,
  type StageDraft,
  type StopKinds,
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
            isLast={index === draft.stages.length - 1}
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
      <div className="grid items-end gap-3 sm:grid-cols-3">
        <LimitFields draft={draft} problems={problems} onChange={onChange} />
        <NumberField
          label="Tries"
          hint="a device has"
          value={draft.attemptsMax}
          problem={problems.get("retry.attemptsMax")}
          onChange={(attemptsMax) => onChange({ ...draft, attemptsMax })}
        />
        <NumberField
          label="Hours without a report"
          hint="then a device has timed out"
          value={draft.silenceHours}
          problem={problems.get("timeouts.silenceSeconds")}
          onChange={(silenceHours) => onChange({ ...draft, silenceHours })}
        />
        <NumberField
          label="Minutes between tries"
          hint="twice as long each time, up to a day"
          value={draft.backoffMinutes}
          problem={problems.get("retry.backoffSeconds")}
          onChange={(backoffMinutes) => onChange({ ...draft, backoffMinutes })}
        />
        <NumberField
          label="Only after these failures"
          hint="codes, separated by commas; none: after any"
          value={draft.retryOn}
          problem={problems.get("retry.retryOn")}
          onChange={(retryOn) => onChange({ ...draft, retryOn })}
        />
        <NumberField
          label="Never after these failures"
          hint="codes, separated by commas"
          value={draft.neverOn}
          problem={problems.get("retry.neverOn")}
          onChange={(neverOn) => onChange({ ...draft, neverOn })}
        />
        <TripFields draft={draft} problems={problems} onChange={onChange} />
      </div>
      <WindowsField draft={draft} problems={problems} onChange={onChange} />
    </div>
  );
}

function TripFields({ draft, problems, onChange }: PlanFormProps) {
  return (
    <>
      <SelectField
        label="When it stops itself"
        hint="nobody else starts in any case"
        error={draft.onTrip === "roll-back-to" ? undefined : problems.get("onTrip")}
        value={draft.onTrip}
        choices={ON_TRIPS}
        onChange={(onTrip) => onChange({ ...draft, onTrip })}
      />
      {draft.onTrip === "roll-back-to" && (
        <NumberField
          label="Back to the release"
          hint="its id"
          value={draft.rollBackTo}
          problem={problems.get("onTrip")}
          onChange={(rollBackTo) => onChange({ ...draft, rollBackTo })}
        />
      )}
    </>
  );
}

function LimitFields({ draft, problems, onChange }: PlanFormProps) {
  return (
    <>
      <NumberField
        label="At once, at most"
        hint="devices in the update at the same time"
        value={draft.concurrentMax}
        problem={problems.get("limits.concurrentMax")}
        onChange={(concurrentMax) => onChange({ ...draft, concurrentMax })}
      />
      <NumberField
        label="Started in any minute, at most"
        hint="devices; none: as many as may be in the update"
        value={draft.perMinute}
        problem={problems.get("limits.perMinute")}
        onChange={(perMinute) => onChange({ ...draft, perMinute })}
      />
    </>
  );
}

function WindowsField({ draft, problems, onChange }: PlanFormProps) {
  return (
    <TextArea
      label="Windows"
      hint={`one a line, none: any time; ${WINDOW_SHAPE}`}
      error={windowProblem(problems)}
      rows={2}
      isMono
      value={draft.windows}
      onChange={(windows) => onChange({ ...draft, windows })}
    />
  );
}

/** `Line 2: ...`, of the first that is wrong. */
function windowProblem(problems: PlanProblems): string | undefined {
  for (const [field, message] of problems) {
    const [name, index] = field.split(".");
    if (name === "windows")
      return index === undefined ? message : `Line ${Number(index) + 1}: ${message}`;
  }
  return undefined;
}

function StageFields({
  index,
  stage,
  problems,
  isOnly,
  isLast,
  onChange,
  onRemove,
}: {
  readonly index: number;
  readonly stage: StageDraft;
  readonly problems: PlanProblems;
  readonly isOnly: boolean;
  readonly isLast: boolean;
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
        <SelectField
          label="Devices"
          value={stage.sizeKind}
          choices={SIZE_KINDS}
          onChange={(sizeKind) => onChange({ sizeKind })}
        />
        {stage.sizeKind !== "remaining" && (
          <NumberField
            label={stage.sizeKind === "percent" ? "Up to % of devices" : "Up to devices"}
            value={stage.size}
            problem={at(`size.${stage.sizeKind}`) ?? at("size")}
            onChange={(size) => onChange({ size })}
          />
        )}
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
        <SelectField
          label="Failures are"
          value={stage.stopKinds}
          choices={
            stage.stopKinds === "as-given"
              ? [...STOP_KINDS, { value: "as-given", label: stage.kinds.join(", ") }]
              : STOP_KINDS
          }
          onChange={(stopKinds) => onChange({ stopKinds })}
        />
        {!isLast && <AdvanceFields stage={stage} at={at} onChange={onChange} />}
      </div>
    </li>
  );
}

const ON_TRIPS: readonly { readonly value: OnTripKind; readonly label: string }[] = [
  { value: "pause", label: "who has it goes on" },
  { value: "cancel-queued", label: "who has not begun gives it up" },
  { value: "cancel-all", label: "who installs gives it up too, if it can" },
  { value: "roll-back", label: "roll back to what each ran before" },
  { value: "roll-back-to", label: "roll back to a release" },
];

const SIZE_KINDS: readonly { readonly value: SizeKind; readonly label: string }[] = [
  { value: "percent", label: "a share" },
  { value: "count", label: "a number" },
  { value: "remaining", label: "all" },
];

const STOP_KINDS: readonly { readonly value: StopKinds; readonly label: string }[] = [
  { value: "all", label: "all, silence too" },
  { value: "reported", label: "what devices report" },
];

/** What must hold before the next stage. */
function AdvanceFields({
  stage,
  at,
  onChange,
}: {
  readonly stage: StageDraft;
  readonly at: (field: string) => string | undefined;
  readonly onChange: (change: Partial<StageDraft>) => void;
}) {
  return (
    <>
      <NumberField
        label="Next when % succeeded"
        value={stage.successPercent}
        problem={at("advance.successPercent")}
        onChange={(successPercent) => onChange({ successPercent })}
      />
      <NumberField
        label="Not before, hours"
        value={stage.afterHours}
        problem={at("advance.afterSeconds")}
        onChange={(afterHours) => onChange({ afterHours })}
      />
      <NumberField
        label="Waits at most, hours"
        value={stage.maxWaitHours}
        problem={at("advance.maxWaitSeconds")}
        onChange={(maxWaitHours) => onChange({ maxWaitHours })}
      />
      <SelectField
        label="Next stage opens"
        value={stage.isManual ? "manual" : "itself"}
        choices={[
          { value: "itself", label: "by itself" },
          { value: "manual", label: "when a person opens it" },
        ]}
        onChange={(opens) => onChange({ isManual: opens === "manual" })}
      />
    </>
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
