import { Failure, type Stage, type StageSize } from "@moult/model";
import type { ReactNode } from "react";
import { QueryField } from "../../components/query-field.tsx";
import { queryProblem } from "../../components/query-problem.ts";
import { useOperation } from "../../server/operation-query.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField, type Choice } from "../../ui/field.tsx";
import { OUTCOME } from "../../ui/status.ts";
import { ApprovalFields } from "./plan-approvals.tsx";
import { isObject, stagesOf, withStage, withoutStage } from "./plan-draft.ts";
import { Remarks, usePlanEditing, usePlanField } from "./plan-editing.tsx";
import { RampFields } from "./plan-ramp.tsx";
import { CheckAt, DurationAt, FieldRow, NumberAt, Part, TextAt } from "./plan-fields.tsx";

/** The stages one after the other: how far each reaches, what it waits for, when it stops everything. */
export function PlanStages() {
  const { draft, onChange } = usePlanEditing();
  const { length } = stagesOf(draft);
  return (
    <Part title="Stages">
      <ol className="flex flex-col gap-3">
        {Array.from({ length }, (_, index) => (
          <li
            key={index}
            aria-label={`Stage ${index + 1}`}
            className="rounded-md border border-line bg-page p-3"
          >
            <div className="mb-2 flex min-h-8 items-center justify-between gap-2">
              <span className="font-semibold">Stage {index + 1}</span>
              {length > 1 && (
                <Button kind="quiet" onClick={() => onChange(withoutStage(draft, index))}>
                  Remove<span className="sr-only"> stage {index + 1}</span>
                </Button>
              )}
            </div>
            <div className="flex flex-col gap-4">
              {Object.entries(STAGE_PARTS).map(([name, StagePart]) => (
                <StagePart key={name} index={index} isLast={index === length - 1} />
              ))}
              <Remarks at={`stages.${index}`} title={`stage ${index + 1}`} />
            </div>
          </li>
        ))}
      </ol>
      <Remarks at="stages" title="the stages" />
      <div>
        <Button onClick={() => onChange(withStage(draft))}>Add a stage</Button>
      </div>
    </Part>
  );
}

interface StageProps {
  readonly index: number;
  readonly isLast: boolean;
}

/** In their order in the form; a new field of stages without one does not compile. */
const STAGE_PARTS: Readonly<Record<keyof Stage, (props: StageProps) => ReactNode>> = {
  name: ({ index }) => <TextAt at={`stages.${index}.name`} label="Name (optional)" />,
  size: StageSizeFields,
  approvals: ApprovalFields,
  ramp: RampFields,
  errorStop: ErrorStopFields,
  advance: ({ index, isLast }) =>
    isLast ? <LastAdvance index={index} /> : <AdvanceFields index={index} />,
};

const SIZES = [
  { value: "percent", label: "a share of the devices" },
  { value: "count", label: "a number of devices" },
  { value: "groupId", label: "a group" },
  { value: "query", label: "devices by a query" },
  { value: "remaining", label: "all that are left" },
] as const satisfies readonly Choice<SizeKind>[];
/** The one field that a size has. */
type SizeKind = StageSize extends infer Size ? (Size extends unknown ? keyof Size : never) : never;

const SIZE_STARTS: Readonly<Record<SizeKind, unknown>> = {
  percent: { percent: 10 },
  count: { count: 10 },
  groupId: { groupId: "" },
  query: { query: "" },
  remaining: { remaining: true },
};

function StageSizeFields({ index }: Pick<StageProps, "index">) {
  const at = `stages.${index}.size`;
  const { value, set } = usePlanField(at);
  const kind =
    SIZES.find(({ value: each }) => isObject(value) && each in value)?.value ?? "percent";
  return (
    <div className="flex flex-col gap-2">
      <FieldRow>
        <SelectField
          label="Reaches"
          value={kind}
          choices={SIZES}
          onChange={(next) => set(SIZE_STARTS[next])}
        />
        {kind === "percent" && (
          <NumberAt
            at={`${at}.percent`}
            label="Up to %"
            hint="with the stages before it"
            isNeeded
          />
        )}
        {kind === "count" && (
          <NumberAt
            at={`${at}.count`}
            label="Up to devices"
            hint="with the stages before it"
            isNeeded
          />
        )}
        {kind === "groupId" && <GroupAt at={`${at}.groupId`} />}
      </FieldRow>
      {kind === "query" && <QueryAt at={`${at}.query`} />}
      <Remarks at={at} title={`the size of stage ${index + 1}`} />
    </div>
  );
}

/** One of the groups that there are; those of other products are refused with the deployment. */
function GroupAt({ at }: { readonly at: string }) {
  const { value, set } = usePlanField(at);
  const { data } = useOperation("listGroups", { query: {} });
  const groups = data?.items ?? [];
  const chosen = typeof value === "string" ? value : "";
  const isKnown = groups.some(({ id }) => id === chosen);
  return (
    <SelectField
      label="Group"
      hint="its devices of the target, before all others"
      value={chosen}
      choices={[
        { value: "", label: "Choose a group" },
        ...groups.map(({ id, name, product }) => ({
          value: id as string,
          label: `${name} (${product})`,
        })),
        ...(isKnown || chosen === "" ? [] : [{ value: chosen, label: chosen }]),
      ]}
      onChange={set}
    />
  );
}

function QueryAt({ at }: { readonly at: string }) {
  const { value, set } = usePlanField(at);
  const text = typeof value === "string" ? value : "";
  return (
    <QueryField
      label="Query"
      hint="The target's devices of which it is true, before all others."
      value={text}
      problem={queryProblem(text)}
      onChange={set}
    />
  );
}

const USUAL_STOP = { percent: 5, sampleMin: 5 };

function ErrorStopFields({ index }: Pick<StageProps, "index">) {
  const at = `stages.${index}.errorStop`;
  const { value } = usePlanField(at);
  return (
    <div className="flex flex-col gap-2">
      <CheckAt at={at} label="Failures stop it" on={USUAL_STOP} />
      {value !== undefined && (
        <div className="flex flex-col gap-2 sm:pl-6">
          <FieldRow>
            <NumberAt at={`${at}.percent`} label="At % failed" hint="of those that ended" />
            <NumberAt
              at={`${at}.sampleMin`}
              label="… of at least"
              hint="devices that ended"
              whenEmpty="1"
            />
            <NumberAt at={`${at}.count`} label="Or at failures" hint="however many ended" />
          </FieldRow>
          <FailureKinds index={index} />
        </div>
      )}
      <Remarks at={at} title={`when stage ${index + 1} stops`} />
    </div>
  );
}

/** Which ends are failures; without a choice all of them are. */
function FailureKinds({ index }: Pick<StageProps, "index">) {
  const { value, set } = usePlanField(`stages.${index}.errorStop.kinds`);
  const kinds = Array.isArray(value) ? (value as readonly unknown[]) : Failure.options;
  const change = (kind: Failure, isOn: boolean): void => {
    const next = Failure.options.filter((each) => (each === kind ? isOn : kinds.includes(each)));
    set(next.length === Failure.options.length ? undefined : next);
  };
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">What counts as a failure</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {Failure.options.map((kind) => (
          <CheckField
            key={kind}
            label={OUTCOME[kind].word}
            isChecked={kinds.includes(kind)}
            onChange={(isOn) => change(kind, isOn)}
          />
        ))}
      </div>
      <KindsProblem index={index} />
    </fieldset>
  );
}

function KindsProblem({ index }: Pick<StageProps, "index">) {
  const { problem } = usePlanField(`stages.${index}.errorStop.kinds`);
  return problem === undefined ? null : (
    <p role="alert" className="text-sm font-medium text-bad">
      Choose at least one.
    </p>
  );
}

function AdvanceFields({ index }: Pick<StageProps, "index">) {
  const at = `stages.${index}.advance`;
  return (
    <Part title={`Then stage ${index + 2} opens`} isSmall>
      <FieldRow>
        <NumberAt at={`${at}.successPercent`} label="When % succeeded" whenEmpty="100" />
        <DurationAt at={`${at}.afterSeconds`} label="Not before" hint="after this one opened" />
        <DurationAt
          at={`${at}.maxWaitSeconds`}
          label="Waits at most"
          hint="for devices that are not reached"
        />
      </FieldRow>
      <CheckAt at={`${at}.manual`} label="A person opens it" />
      <Remarks at={at} title={`what stage ${index + 2} waits for`} />
    </Part>
  );
}

/** Nothing opens after the last stage. What is said of it all the same can be taken away. */
function LastAdvance({ index }: Pick<StageProps, "index">) {
  const at = `stages.${index}.advance`;
  const { value, set } = usePlanField(at);
  const isSaid = ["afterSeconds", "maxWaitSeconds", "manual"].some(
    (name) => isObject(value) && name in value,
  );
  if (!isSaid) return null;
  return (
    <div className="flex flex-col gap-2">
      <Remarks at={at} title="what comes after the last stage" />
      <div>
        <Button onClick={() => set(undefined)}>Take it away</Button>
      </div>
    </div>
  );
}
