import { Timeline } from "../components/timeline.tsx";
import { exactCount } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { usePaging } from "../ui/use-paging.ts";
import { useDeviceId } from "./device-page.tsx";

const PAGE = 100;

export function DeviceTimelinePage() {
  const deviceId = useDeviceId();
  const paging = usePaging();
  const { cursor } = paging;
  const answer = useOperation(
    "listDeviceTimeline",
    {
      params: { deviceId },
      query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
    },
    { keepsOld: true },
  );
  return (
    <Answered answer={answer} what="events" rows={8}>
      {({ items, nextCursor }) =>
        items.length === 0 ? (
          <Empty title="Nothing happened yet" />
        ) : (
          <>
            <Timeline events={items} />
            <Pager
              summary={`${exactCount(items.length)} events, newest first`}
              paging={paging}
              nextCursor={nextCursor}
            />
          </>
        )
      }
    </Answered>
  );
}
