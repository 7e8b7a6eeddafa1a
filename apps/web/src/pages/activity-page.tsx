import { useNavigate, useSearch } from "@tanstack/react-router";
import type { FleetEvent } from "@moult/model";
import { EventList } from "../components/event-list.tsx";
import {
  ACTIVITY_GROUPS,
  decidersOf,
  isActivityGroup,
  kindsOf,
} from "../components/activity-kinds.ts";
import { counted } from "../format/number.ts";
import { dayOf } from "../format/time.ts";
import { plainText } from "../format/visible-text.ts";
import { useMe } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { present } from "../server/search-params.ts";
import { Button } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 100;

const EVERYTHING = "everything";
const CHOICES = [
  { value: "", label: "What people and rules decided" },
  { value: EVERYTHING, label: "Everything, of each device too" },
  ...Object.entries(ACTIVITY_GROUPS).map(([value, label]) => ({ value, label })),
];

export function ActivityPage() {
  const { kind = "", by } = useSearch({ from: "/frame/activity" });
  const isKnown = kind === EVERYTHING || isActivityGroup(kind);
  const paging = usePaging();
  const { cursor } = paging;
  const navigate = useNavigate({ from: "/activity" });
  const answer = useOperation(
    "listEvents",
    {
      query: {
        limit: PAGE,
        ...(kind === EVERYTHING ? {} : { kind: kindsOf(isActivityGroup(kind) ? kind : undefined) }),
        ...(by === undefined ? {} : { by }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  const show = (next: { readonly kind?: string; readonly by?: string }): void =>
    void navigate({
      search: (before) =>
        present({
          kind: (next.kind ?? before.kind) || undefined,
          by: (next.by ?? before.by) || undefined,
        }),
    });
  return (
    <>
      <PageHeader title="Activity" sentence="What happened, newest first." />
      <div className="mb-4 flex flex-wrap gap-3">
        <SelectField
          label="Show"
          value={isKnown ? kind : ""}
          choices={CHOICES}
          onChange={(next) => show({ kind: next })}
        />
        <DeciderField
          by={by}
          events={answer.data?.items ?? []}
          onChange={(next) => show({ by: next })}
        />
      </div>
      <Answered answer={answer} what="events" rows={12}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <NoEvents
              isFiltered={isKnown || by !== undefined}
              onAll={() => show({ kind: "", by: "" })}
            />
          ) : (
            <>
              <Days events={items} />
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

/** Whoever decided something of what is shown, and oneself. */
function DeciderField({
  by,
  events,
  onChange,
}: {
  readonly by: string | undefined;
  readonly events: readonly FleetEvent[];
  readonly onChange: (by: string) => void;
}) {
  const { name } = useMe();
  const names = new Set([name, ...(by === undefined ? [] : [by]), ...decidersOf(events)]);
  return (
    <SelectField
      label="By"
      value={by ?? ""}
      choices={[
        { value: "", label: "Anybody" },
        ...[...names].map((value) => ({ value, label: plainText(value, 40) })),
      ]}
      onChange={onChange}
    />
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
    <Empty title="Nothing of that kind happened yet">
      <Button onClick={onAll}>Clear the filter</Button>
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
