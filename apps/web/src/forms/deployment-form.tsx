import type { DeploymentTarget, GroupId, ProductName } from "@moult/model";
import { DevicePicker } from "../components/device-picker.tsx";
import { Findings, type Finding } from "../components/deployment-preview.tsx";
import { PlanWords } from "../components/plan-words.tsx";
import { QueryField } from "../components/query-field.tsx";
import { queryProblem } from "../components/query-problem.ts";
import { ReleasePicker } from "../components/release-picker.tsx";
import { counted, countedDevices } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import type { NewDeploymentSearch } from "../server/page-search.ts";
import { Button } from "../ui/button.tsx";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { RadioGroup } from "../ui/radio-group.tsx";
import { TextLink } from "../ui/text-link.tsx";
import {
  NAME_LENGTH_MAX,
  deviceIdsOf,
  exclusionOf,
  holdBackProblem,
  targetKindOf,
  withExcludedQuery,
  type ChosenPlan,
  type KeptDraft,
} from "./deployment-draft.ts";
import { PlanEditor } from "./plan/plan-editor.tsx";
import { PLAN_PRESETS, type PlanPreset } from "./plan/plan-presets.ts";

/** `undefined` takes a parameter away. */
type SearchChange = {
  readonly [Key in keyof NewDeploymentSearch]?: NewDeploymentSearch[Key] | undefined;
};

export interface DeploymentFormProps {
  readonly search: NewDeploymentSearch;
  readonly onSearch: (change: SearchChange) => void;
  readonly kept: KeptDraft;
  readonly onKept: (kept: KeptDraft) => void;
  readonly plan: ChosenPlan;
  readonly product: ProductName | undefined;
  /** The name that it has when none is given. */
  readonly suggestion: string | undefined;
  readonly findings: readonly Finding[];
}

/** The three questions of a deployment, and its name. */
export function DeploymentForm(props: DeploymentFormProps) {
  const { search, onSearch, kept, onKept, suggestion, findings } = props;
  const of = (...fields: readonly string[]): readonly Finding[] =>
    findings.filter(({ field }) =>
      fields.some((name) => field === name || field.startsWith(`${name}.`)),
    );
  return (
    <div className="flex min-w-0 flex-col gap-5">
      <Panel title="1 Release">
        <div className="flex flex-col gap-3">
          <ReleasePicker
            releaseId={search.releaseId}
            onChange={(releaseId) => onSearch({ releaseId })}
          />
          <Findings findings={of("releaseId", "release")} title="About the release" />
        </div>
      </Panel>
      <Panel title="2 Devices">
        <div className="flex flex-col gap-3">
          <TargetFields {...props} />
          <TermsFields {...props} />
          <Findings findings={of("target")} title="About the devices" />
        </div>
      </Panel>
      <Panel title="3 Plan">
        <div className="flex flex-col gap-3">
          <PlanFields {...props} findings={of("plan")} />
          {/* In one's own plan each stands at the part that it is about. */}
          {props.plan.choice !== "own" && <Findings findings={of("plan")} title="About the plan" />}
        </div>
      </Panel>
      <Panel title="4 Name">
        <TextField
          label="Name"
          {...(suggestion === undefined ? {} : { placeholder: suggestion })}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          value={kept.name}
          onChange={(name) => onKept({ ...kept, name })}
        />
      </Panel>
    </div>
  );
}

function TargetFields({ search, onSearch, product }: DeploymentFormProps) {
  return (
    <RadioGroup<DeploymentTarget["kind"]>
      legend="To whom"
      isLegendHidden
      value={targetKindOf(search)}
      onChange={(target) => onSearch({ target })}
      choices={[
        {
          value: "all",
          label: product === undefined ? "All devices of the product" : `All devices of ${product}`,
          hint: "Devices that join later get it too.",
        },
        {
          value: "group",
          label: "A group",
          hint: "Devices that join the group later get it too.",
          content: (
            <GroupField
              groupId={search.groupId}
              product={product}
              onChange={(groupId) => onSearch({ groupId })}
            />
          ),
        },
        {
          value: "query",
          label: "Devices by a query",
          hint: "Those of which it is true, always as they are now.",
          content: (
            <QueryField
              label="Query"
              value={search.query ?? ""}
              problem={queryProblem(search.query ?? "")}
              onChange={(query) => onSearch({ query: query === "" ? undefined : query })}
            />
          ),
        },
        {
          value: "devices",
          label: "Chosen devices",
          content: (
            <DevicePicker
              product={product}
              deviceIds={deviceIdsOf(search)}
              onChange={(ids) =>
                onSearch({
                  target: "devices",
                  deviceIds: ids.length === 0 ? undefined : ids.join(","),
                })
              }
            />
          ),
        },
      ]}
    />
  );
}

/** What narrows the target. */
function TermsFields({ search, onSearch }: DeploymentFormProps) {
  const exclusion = exclusionOf(search);
  const { query = "", groupIds = [], deviceIds = [] } = exclusion ?? {};
  const named = [
    ...(groupIds.length === 0 ? [] : [counted(groupIds.length, "group")]),
    ...(deviceIds.length === 0 ? [] : [counted(deviceIds.length, "device")]),
  ];
  return (
    <>
      <CheckField
        label="Only devices that are there now"
        hint="Nobody joins later, and nobody leaves."
        isChecked={search.frozen !== undefined}
        onChange={(isFrozen) => onSearch({ frozen: isFrozen ? "yes" : undefined })}
      />
      <QueryField
        label="Without those of which it is true (optional)"
        hint="Always as they are then."
        value={query}
        problem={queryProblem(query)}
        onChange={(text) => onSearch({ exclude: withExcludedQuery(search, text) })}
      />
      <TextField
        label="Held back, in percent (optional)"
        hint="Drawn at random when it is created, and never offered anything: to compare the others with."
        inputMode="decimal"
        autoComplete="off"
        maxLength={12}
        value={search.holdBack ?? ""}
        error={holdBackProblem(search) ?? undefined}
        onChange={(text) => onSearch({ holdBack: text.trim() === "" ? undefined : text.trim() })}
      />
      {named.length > 0 && (
        <p className="text-soft">
          Also without {named.join(" and ")}.{" "}
          <Button
            kind="quiet"
            onClick={() =>
              onSearch({ exclude: query === "" ? undefined : JSON.stringify({ query }) })
            }
          >
            Leave nobody out by name
          </Button>
        </p>
      )}
    </>
  );
}

function GroupField({
  groupId,
  product,
  onChange,
}: {
  readonly groupId: GroupId | undefined;
  readonly product: ProductName | undefined;
  readonly onChange: (groupId: GroupId | undefined) => void;
}) {
  const answer = useOperation("listGroups", {
    query: product === undefined ? {} : { product },
  });
  return (
    <Answered answer={answer} what="groups" rows={1}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="text-soft">
            There is no group yet. <TextLink to="/groups">Make one</TextLink>
          </p>
        ) : (
          <SelectField
            label="Group"
            value={groupId ?? ""}
            choices={[
              { value: "", label: "Choose a group" },
              ...items.map((group) => ({
                value: group.id as string,
                label: `${group.name} (${countedDevices(group)})`,
              })),
            ]}
            onChange={(next) => onChange(next === "" ? undefined : (next as GroupId))}
          />
        )
      }
    </Answered>
  );
}

function PlanFields({ plan, onSearch, kept, onKept, findings }: DeploymentFormProps) {
  const choose = (choice: ChosenPlan["choice"]): void => {
    // One's own plan starts from the one that was seen.
    if (choice === "own" && kept.ownPlan === undefined) onKept({ ...kept, ownPlan: plan.draft });
    onSearch({ plan: choice === "careful" ? undefined : choice });
  };
  const startFrom = (preset: PlanPreset): void => {
    onKept({ ...kept, ownPlan: PLAN_PRESETS[preset] });
    onSearch({ plan: "own" });
  };
  return (
    <RadioGroup
      legend="How carefully"
      isLegendHidden
      value={plan.choice}
      onChange={choose}
      choices={[
        {
          value: "careful",
          label: "Careful",
          hint: "Four stages, the first as small as it can be.",
          content: <PresetPlan preset="careful" onOwn={startFrom} />,
        },
        {
          value: "fast",
          label: "Fast",
          hint: "A tenth first, then all.",
          content: <PresetPlan preset="fast" onOwn={startFrom} />,
        },
        {
          value: "own",
          label: "Own plan",
          hint: "Stages, limits and times of your own.",
          content: (
            <PlanEditor
              draft={plan.draft}
              plan={plan.plan}
              problems={plan.problems}
              findings={findings}
              onChange={(ownPlan) => onKept({ ...kept, ownPlan })}
            />
          ),
        },
      ]}
    />
  );
}

/** What is said of a preset is what it does; whoever wants it a little different starts from it. */
function PresetPlan({
  preset,
  onOwn,
}: {
  readonly preset: PlanPreset;
  readonly onOwn: (preset: PlanPreset) => void;
}) {
  return (
    <div className="flex flex-col items-start gap-2">
      <PlanWords plan={PLAN_PRESETS[preset]} />
      <Button onClick={() => onOwn(preset)}>Change it</Button>
    </div>
  );
}
