import type { Plan } from "@moult/model";
import { useParams } from "@tanstack/react-router";
import { errorStopText } from "../components/error-stop-text.ts";
import { exactCount } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { useOperation } from "../server/operation-query.ts";
import { Facts } from "../ui/facts.tsx";
import { Panel } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";

/** What was decided when it was made. A plan never changes. */
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
      <Panel title="Limits">
        <Facts
          facts={[
            ["At once, at most", `${exactCount(plan.concurrentMax)} devices in the update`],
            ["Tries of a device", exactCount(plan.attemptsMax)],
            [
              "Gives up on a device",
              `after ${duration(plan.assignmentTimeoutSeconds * 1_000)} without a report`,
            ],
          ]}
        />
      </Panel>
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
        { key: "stage", title: "Stage", cell: ({ index }) => `Stage ${index + 1}` },
        {
          key: "share",
          title: "Devices",
          cell: ({ percent }) => (percent === 100 ? "all" : `up to ${percent} %`),
        },
        {
          key: "next",
          title: "Next stage",
          cell: ({ index, advanceAtPercent }) =>
            isLast(index) ? "none" : `when ${advanceAtPercent} % succeeded`,
        },
        {
          key: "stop",
          title: "Stops itself",
          cell: ({ errorStop }) => (errorStop === undefined ? "never" : errorStopText(errorStop)),
        },
      ]}
    />
  );
}
