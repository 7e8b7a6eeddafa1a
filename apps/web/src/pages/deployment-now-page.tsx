import { useParams } from "@tanstack/react-router";
import { DeploymentApprovals } from "../components/deployment-approvals.tsx";
import { DeploymentCounts } from "../components/deployment-counts.tsx";
import { FailingAlike, WaitingBecause } from "../components/deployment-reasons.tsx";
import { EventList } from "../components/event-list.tsx";
import { LimitsInUse } from "../components/limits-in-use.tsx";
import { OutcomeChart } from "../components/outcome-chart.tsx";
import { reachOf } from "../components/outcome-counts.ts";
import { openedIn } from "../components/outcome-timeline.ts";
import { StageTrack } from "../components/stage-track.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

const LATELY = 8;

/** How far it is, who fails and alike in what, who waits and why, what it did lately. */
export function DeploymentNowPage() {
  const { deploymentId } = useParams({ from: "/frame/deployments/$deploymentId/" });
  const params = { deploymentId };
  const { data: deployment } = useOperation("showDeployment", { params });
  const progress = useOperation("showDeploymentProgress", { params });
  if (deployment === undefined) return null;
  return (
    <Answered answer={progress} what="numbers" rows={8}>
      {(data) => (
        <div className="flex flex-col gap-5">
          <StageTrack deployment={deployment} stages={data.stages} />
          <DeploymentApprovals deployment={deployment} />
          <DeploymentCounts deployment={deployment} progress={data} />
          <LimitsInUse deployment={deployment} />
          <OutcomeChart
            timeline={data.timeline}
            total={reachOf(deployment.tally)}
            opened={openedIn(data.stages)}
          />
          <div className="grid items-start gap-5 lg:grid-cols-2">
            <FailingAlike deploymentId={deploymentId} failures={data.failures} />
            <WaitingBecause
              deploymentId={deploymentId}
              releaseId={deployment.releaseId}
              waiting={data.waiting}
            />
          </div>
          <Lately deploymentId={deploymentId} />
        </div>
      )}
    </Answered>
  );
}

function Lately({ deploymentId }: { readonly deploymentId: string }) {
  const answer = useOperation("listEvents", { query: { deploymentId, limit: LATELY } });
  return (
    <Panel
      title="Lately"
      aside={
        <TextLink to="/deployments/$deploymentId/history" params={{ deploymentId }}>
          Whole history
        </TextLink>
      }
    >
      <Answered answer={answer} what="events" rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing happened yet" />
          ) : (
            <EventList events={items} name="What happened lately" />
          )
        }
      </Answered>
    </Panel>
  );
}
