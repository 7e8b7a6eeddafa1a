import { useParams, useSearch } from "@tanstack/react-router";
import { EventList } from "../components/event-list.tsx";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 100;

export function DeploymentHistoryPage() {
  const from = "/frame/deployments/$deploymentId/history" as const;
  const { deploymentId } = useParams({ from });
  const { cursor } = useSearch({ from });
  const paging = usePaging();
  const answer = useOperation(
    "listEvents",
    { query: { deploymentId, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } },
    { keepsOld: true },
  );
  return (
    <Answered answer={answer} what="events" rows={10}>
      {({ items, nextCursor }) =>
        items.length === 0 && cursor === undefined ? (
          <Empty title="Nothing happened yet" />
        ) : (
          <>
            <EventList events={items} name="History, newest first" />
            <Pager
              summary={counted(items.length, "event")}
              hasPrevious={paging.hasPrevious}
              hasNext={nextCursor !== null}
              onPrevious={paging.previous}
              onNext={() => nextCursor !== null && paging.next(nextCursor)}
            />
          </>
        )
      }
    </Answered>
  );
}
