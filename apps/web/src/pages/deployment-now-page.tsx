import { useParams } from "@tanstack/react-router";
import { EventList } from "../components/event-list.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

const LATELY = 8;

/** What it did lately. */
export function DeploymentNowPage() {
  const { deploymentId } = useParams({ from: "/frame/deployments/$deploymentId/" });
  return <Lately deploymentId={deploymentId} />;
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
