import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { kindsOf } from "../components/activity-kinds.ts";
import { DeploymentChain } from "../components/deployment-chain.tsx";
import { EventList } from "../components/event-list.tsx";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { SelectField } from "../ui/field.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 100;
const CHOICES = [
  { value: "", label: "Everything, of each device too" },
  { value: "decisions", label: "What people and rules decided" },
] as const;

export function DeploymentHistoryPage() {
  const from = "/frame/deployments/$deploymentId/history" as const;
  const { deploymentId } = useParams({ from });
  const { cursor, show } = useSearch({ from });
  const navigate = useNavigate({ from: "/deployments/$deploymentId/history" });
  const paging = usePaging();
  const answer = useOperation(
    "listEvents",
    {
      query: {
        deploymentId,
        limit: PAGE,
        ...(show === "decisions" ? { kind: kindsOf() } : {}),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-4">
        <SelectField
          label="Show"
          value={show ?? ""}
          choices={CHOICES}
          onChange={(next) => void navigate({ search: next === "decisions" ? { show: next } : {} })}
        />
        <DeploymentChain deploymentId={deploymentId} />
      </div>
      <Answered answer={answer} what="events" rows={10}>
        {({ items, nextCursor }) =>
          items.length === 0 && cursor === undefined ? (
            <Empty title="Nothing happened yet" />
          ) : (
            <>
              <EventList events={items} name="History, newest first" />
              <Pager
                summary={counted(items.length, "event")}
                paging={paging}
                nextCursor={nextCursor}
              />
            </>
          )
        }
      </Answered>
    </>
  );
}
