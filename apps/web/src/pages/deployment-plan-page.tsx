import {
  advanceWords,
  approvalsWords,
  errorStopWords,
  rampWords,
  stageWords,
  type Deployment,
  type Plan,
  type Stage,
} from "@moult/model";
import { useNavigate, useParams } from "@tanstack/react-router";
import { PlanWords } from "../components/plan-words.tsx";
import { keepDraft } from "../forms/deployment-draft.ts";
import { StageReach } from "../components/stage-reach.tsx";
import { useOperation } from "../server/operation-query.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";

/** What was decided when it was made. A plan never changes; another deployment can start from it. */
export function DeploymentPlanPage() {
  const { deploymentId } = useParams({ from: "/frame/deployments/$deploymentId/plan" });
  const { data } = useOperation("showDeployment", { params: { deploymentId } });
  if (data === undefined) return null;
  const { plan } = data;
  return (
    <div className="flex flex-col gap-5">
      <Panel title="Stages">
        <StageTable plan={plan} />
      </Panel>
      <Panel
        title="In words"
        aside={<CopyButton text={JSON.stringify(plan, null, 2)} what="plan as JSON" />}
      >
        <PlanWords plan={plan} />
      </Panel>
      <div>
        <DeployLikeThis deployment={data} />
      </div>
    </div>
  );
}

function StageTable({ plan: { stages } }: { readonly plan: Plan }) {
  const rows = stages.map((stage, index) => ({ ...stage, index }));
  const isLast = (index: number): boolean => index === stages.length - 1;
  return (
    <Table
      caption="Stages of the plan"
      rows={rows}
      keyOf={({ index }) => String(index)}
      columns={[
        {
          key: "stage",
          title: "Stage",
          cell: (stage) => <Foreign text={stageWords(stage.index, stage)} />,
        },
        {
          key: "share",
          title: "Devices",
          cell: ({ size }) => <StageReach size={size} />,
        },
        ...(stages.some(({ approvals }) => approvals !== undefined)
          ? [
              {
                key: "approvals",
                title: "Approved by",
                cell: ({ approvals }: Stage) =>
                  approvals === undefined ? "nobody" : <Foreign text={approvalsWords(approvals)} />,
              },
            ]
          : []),
        ...(stages.some(({ ramp }) => ramp !== undefined)
          ? [
              {
                key: "ramp",
                title: "How fast",
                cell: ({ ramp }: Stage) =>
                  ramp === undefined ? "as the plan's limits let it" : rampWords(ramp),
              },
            ]
          : []),
        {
          key: "next",
          title: "Next stage",
          cell: ({ index, advance }) => (isLast(index) ? "none" : advanceWords(advance)),
        },
        {
          key: "stop",
          title: "Stops itself",
          cell: ({ errorStop }) => (errorStop === undefined ? "never" : errorStopWords(errorStop)),
        },
      ]}
    />
  );
}

function DeployLikeThis({ deployment }: { readonly deployment: Deployment }) {
  const navigate = useNavigate();
  const refusal = useRefusal("deployments:write");
  const { releaseId, target, plan } = deployment;
  return (
    <Button
      disabledReason={refusal}
      onClick={() => {
        keepDraft({ name: "", ownPlan: plan });
        void navigate({
          to: "/deployments/new",
          search: {
            releaseId,
            plan: "own",
            target: target.kind,
            ...(target.kind === "group" ? { groupId: target.groupId } : {}),
            ...(target.membership === "frozen" ? { frozen: "yes" as const } : {}),
            ...(target.exclude === undefined ? {} : { exclude: JSON.stringify(target.exclude) }),
            ...(target.holdBackPercent === undefined
              ? {}
              : { holdBack: String(target.holdBackPercent) }),
            ...(target.kind === "query" ? { query: target.query } : {}),
            ...(target.kind === "devices" ? { deviceIds: target.deviceIds.join(",") } : {}),
          },
        });
      }}
    >
      New deployment with this plan
    </Button>
  );
}
