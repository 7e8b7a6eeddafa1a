import { sizeWords, stageWords, type AssignmentState, type Outcome } from "@moult/model";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { AssignmentTable, WaitingTable } from "../components/assignment-tables.tsx";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { present } from "../server/search-params.ts";
import { Button } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { ASSIGNMENT_STATE, OUTCOME } from "../ui/status.ts";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 100;
const FROM = "/frame/deployments/$deploymentId/devices" as const;

/** Each device that was offered the release and how it stands; or those that were not, and why. */
export function DeploymentDevicesPage() {
  const { show } = useSearch({ from: FROM });
  return (
    <>
      <Filters />
      {show === "waiting" ? <Waiting /> : <Assignments />}
    </>
  );
}

const STATES = (Object.keys(ASSIGNMENT_STATE) as AssignmentState[]).filter(
  (state) => state !== "closed",
);

/** One choice: what a device does now, how it ended, or that it waits. */
const CHOICES = [
  { value: "", label: "Offered, any state" },
  { value: "waiting", label: "not yet offered" },
  ...STATES.map((state) => ({ value: `state:${state}`, label: ASSIGNMENT_STATE[state].word })),
  { value: "state:closed", label: "ended, in any way" },
  ...(Object.keys(OUTCOME) as Outcome[]).map((outcome) => ({
    value: `outcome:${outcome}`,
    label: OUTCOME[outcome].word,
  })),
];

function Filters() {
  const { deploymentId } = useParams({ from: FROM });
  const { show, state, outcome, stage, code } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/deployments/$deploymentId/devices" });
  const { data } = useOperation("showDeployment", { params: { deploymentId } });
  const stages = data?.plan.stages ?? [];
  const change = (next: Readonly<Record<string, string | undefined>>): void =>
    void navigate({
      search: (before) => present({ ...before, ...next, cursor: undefined }),
    });
  const chosen =
    show ??
    (state !== undefined ? `state:${state}` : outcome !== undefined ? `outcome:${outcome}` : "");
  return (
    <div className="mb-4 flex flex-wrap items-end gap-3">
      <SelectField
        label="Devices"
        value={chosen}
        choices={CHOICES}
        onChange={(next) => {
          const [kind, value] = next.split(":");
          change({
            code: undefined,
            show: kind === "waiting" ? "waiting" : undefined,
            state: kind === "state" ? value : undefined,
            outcome: kind === "outcome" ? value : undefined,
          });
        }}
      />
      {show === undefined && stages.length > 1 && (
        <SelectField
          label="Stage"
          value={stage ?? ""}
          choices={[
            { value: "", label: "Any stage" },
            ...stages.map((planned, index) => ({
              value: String(index),
              label: `${stageWords(index, planned)}, ${sizeWords(planned.size)}`,
            })),
          ]}
          onChange={(next) => change({ stage: next === "" ? undefined : next })}
        />
      )}
      {code !== undefined && (
        <Button kind="quiet" onClick={() => change({ code: undefined })}>
          Only “{code}”: show all
        </Button>
      )}
    </div>
  );
}

function Assignments() {
  const { deploymentId } = useParams({ from: FROM });
  const { state, outcome, stage, code, cursor } = useSearch({ from: FROM });
  const paging = usePaging();
  const answer = useOperation(
    "listAssignments",
    {
      params: { deploymentId },
      query: {
        limit: PAGE,
        ...(state === undefined ? {} : { state }),
        ...(outcome === undefined ? {} : { outcome }),
        ...(stage === undefined ? {} : { stage }),
        ...(code === undefined ? {} : { code }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  const isFiltered = (state ?? outcome ?? stage ?? code) !== undefined;
  return (
    <Answered answer={answer} what="devices" rows={10}>
      {({ items, nextCursor }) =>
        items.length === 0 && cursor === undefined ? (
          <Empty title={isFiltered ? "No device matches" : "No device was offered it yet"} />
        ) : (
          <>
            <AssignmentTable assignments={items} />
            <Pager
              summary={counted(items.length, "device")}
              paging={paging}
              nextCursor={nextCursor}
            />
          </>
        )
      }
    </Answered>
  );
}

function Waiting() {
  const { deploymentId } = useParams({ from: FROM });
  const { cursor } = useSearch({ from: FROM });
  const paging = usePaging();
  const answer = useOperation(
    "listWaitingDevices",
    {
      params: { deploymentId },
      query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
    },
    { keepsOld: true },
  );
  return (
    <Answered answer={answer} what="devices" rows={10}>
      {({ items, nextCursor }) =>
        items.length === 0 && nextCursor === null && cursor === undefined ? (
          <Empty title="No device waits" />
        ) : (
          <>
            <WaitingTable deploymentId={deploymentId} devices={items} />
            <Pager
              summary={counted(items.length, "device")}
              paging={paging}
              nextCursor={nextCursor}
            />
          </>
        )
      }
    </Answered>
  );
}
