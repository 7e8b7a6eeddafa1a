import { useNavigate, useSearch } from "@tanstack/react-router";
import type { FleetEvent } from "@moult/model";
import { EventList } from "../components/event-list.tsx";
import { ACTIVITY_GROUPS, isActivityGroup, kindsOf } from "../components/activity-kinds.ts";
import { counted } from "../format/number.ts";
import { dayOf } from "../format/time.ts";
import { useOperation } from "../server/operation-query.ts";
import { Button } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 100;

const CHOICES = [
  { value: "", label: "Everything" },
  ...Object.entries(ACTIVITY_GROUPS).map(([value, label]) => ({ value, label })),
];

export function ActivityPage() {
  const { kind = "" } = useSearch({ from: "/frame/activity" });
  const group = isActivityGroup(kind) ? kind : undefined;
  const paging = usePaging();
  const { cursor } = paging;
  const navigate = useNavigate();
  const answer = useOperation(
    "listEvents",
    {
      query: {
        limit: PAGE,
        ...(group === undefined ? {} : { kind: kindsOf(group) }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  const show = (next: string): void =>
    void navigate({ to: "/activity", search: next === "" ? {} : { kind: next } });
  return (
    <>
      <PageHeader title="Activity" sentence="What happened, newest first." />
      <div className="mb-4 max-w-xs">
        <SelectField label="Show" value={group ?? ""} choices={CHOICES} onChange={show} />
      </div>
      <Answered answer={answer} what="events" rows={12}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <NoEvents isFiltered={group !== undefined} onAll={() => show("")} />
          ) : (
            <>
              <Days events={items} />
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
    </>
  );
}

function NoEvents({
  isFiltered,
  onAll,
}: {
  readonly isFiltered: boolean;
  readonly onAll: () => void;
}) {
  if (!isFiltered) return <Empty title="Nothing has happened yet" />;
  return (
    <Empty title="Nothing of that kind happened">
      <Button onClick={onAll}>Show everything</Button>
    </Empty>
  );
}

/** Grouped by the reader's days. */
function Days({ events }: { readonly events: readonly FleetEvent[] }) {
  const days = Map.groupBy(events, ({ at }) => dayOf(Date.parse(at)));
  return (
    <div className="flex flex-col gap-5">
      {[...days].map(([day, ofDay]) => (
        <section key={day} aria-label={day}>
          <h2 className="mb-1 text-sm text-soft">{day}</h2>
          <EventList events={ofDay} name={`What happened on ${day}`} />
        </section>
      ))}
    </div>
  );
}
