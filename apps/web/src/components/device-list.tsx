import type { DeviceRow } from "@moult/model";
import { useQueryClient } from "@tanstack/react-query";
import { use, useState, type ReactNode } from "react";
import { count, counted, exactCount } from "../format/number.ts";
import { operationQuery, useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { Button } from "../ui/button.tsx";
import { Coming } from "../ui/coming.ts";
import { CheckField } from "../ui/field.tsx";
import { ListKeys } from "../ui/list-keys.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";
import { usePaging } from "../ui/use-paging.ts";
import { useSteadyRows } from "../ui/use-steady-rows.ts";
import { BulkBar } from "./bulk-bar.tsx";
import { BulkChangeLine, type StartedChange } from "./bulk-change-line.tsx";
import { attributeColumns, deviceColumns } from "./device-columns.tsx";
import { columnNames, filterOf } from "./device-filter.ts";
import { pendingColumns } from "./pending-columns.tsx";
import { ALL_MATCHING, NOTHING, isSelected } from "./device-selection.ts";
import { selectColumn, useDeviceSelection, type Selecting } from "./use-device-selection.tsx";

const PAGE = 100;

const keyOf = ({ id }: DeviceRow): string => id;

interface DeviceListProps {
  readonly search: DevicesSearch;
  /** Names of inventory attributes, separated by commas. */
  readonly columns?: string | undefined;
  readonly onSort?: (sort: NonNullable<DevicesSearch["sort"]>) => void;
  /** What is shown when no device fits. */
  readonly empty: ReactNode;
}

/** Devices in pages, live, with what can be done to many of them at once. */
export function DeviceList(props: DeviceListProps) {
  const { search } = props;
  const filter = filterOf(search);
  const { data: matching } = useOperation("countMatchingDevices", { query: filter });
  const paging = usePaging();
  const query = listQuery(props);
  const input = {
    query: { ...query, ...(paging.cursor === undefined ? {} : { cursor: paging.cursor }) },
  };
  const page = useOperation("listDevices", input, { keepsOld: true });
  const steady = useSteadyRows(
    JSON.stringify(input),
    page.isPlaceholderData ? undefined : page.data?.items,
    keyOf,
  );
  const selecting = useDeviceSelection(JSON.stringify(filter), steady.rows);
  const [started, setStarted] = useState<StartedChange | null>(null);
  return (
    <>
      {started !== null && (
        <BulkChangeLine
          key={started.bulkChangeId}
          started={started}
          onClose={() => setStarted(null)}
          onFinished={steady.showChanged}
          onUndone={setStarted}
        />
      )}
      <Changed steady={steady} />
      <Answered answer={page} what="devices" rows={10}>
        {({ items, nextCursor }) =>
          items.length === 0 && steady.rows.length === 0 ? (
            props.empty
          ) : (
            <DevicePage
              list={props}
              rows={page.isPlaceholderData ? items : steady.rows}
              selecting={selecting}
              onDecided={steady.showChanged}
              summary={pageSummary(paging.pagesBehind, items.length, matching)}
              next={nextCursor === null ? null : { query: { ...query, cursor: nextCursor } }}
            />
          )
        }
      </Answered>
      <BulkBar
        selection={selecting.selection}
        filter={filter}
        matching={matching}
        onSelectAll={() => selecting.set(ALL_MATCHING)}
        onClear={() => selecting.set(NOTHING)}
        onStarted={(change) => {
          selecting.set(NOTHING);
          setStarted(change);
        }}
      />
    </>
  );
}

const listQuery = ({ search, columns }: DeviceListProps) => ({
  ...filterOf(search),
  limit: PAGE,
  ...(search.sort === undefined ? {} : { sort: search.sort }),
  ...(columns === undefined ? {} : { columns }),
});

function DevicePage({
  list: { search, columns, onSort },
  rows,
  selecting,
  onDecided,
  summary,
  next,
}: {
  readonly list: DeviceListProps;
  readonly rows: readonly DeviceRow[];
  readonly selecting: Selecting;
  readonly onDecided: () => void;
  readonly summary: string;
  /** How the page after this one is asked for. */
  readonly next: { readonly query: { readonly cursor: string } } | null;
}) {
  const paging = usePaging();
  const queryClient = useQueryClient();
  const shown =
    search.state === "pending"
      ? pendingColumns(onDecided)
      : [...deviceColumns(search.sort, onSort), ...attributeColumns(columnNames(columns))];
  const isComing = use(Coming);
  const goNext = (): void => {
    if (next !== null && !isComing) paging.next(next.query.cursor);
  };
  return (
    <ListKeys onPrevious={() => paging.hasPrevious && paging.previous()} onNext={goNext}>
      <div className="mb-2 sm:hidden">
        <CheckField
          label="Select this page"
          isChecked={selecting.isWholePage}
          onChange={selecting.tickPage}
        />
      </div>
      <Table
        caption="Devices"
        columns={[selectColumn(selecting), ...shown]}
        rows={rows}
        keyOf={keyOf}
        isSelected={({ id }) => isSelected(selecting.selection, id)}
      />
      <Pager
        summary={summary}
        paging={paging}
        nextCursor={next?.query.cursor ?? null}
        onNextIntent={() => {
          if (next !== null) void queryClient.prefetchQuery(operationQuery("listDevices", next));
        }}
      />
    </ListKeys>
  );
}

function Changed({
  steady: { changedCount, showChanged },
}: {
  readonly steady: { readonly changedCount: number; readonly showChanged: () => void };
}) {
  if (changedCount === 0) return null;
  return (
    <div className="mb-2 flex items-center gap-2 text-soft">
      <span>{counted(changedCount, "device")} came or went.</span>
      <Button onClick={showChanged}>Show</Button>
    </div>
  );
}

/** "101-200 of 12,431"; where the page lies is known only to those who paged to it. */
function pageSummary(
  pagesBehind: number | null,
  shown: number,
  matching: { readonly count: number; readonly isExact: boolean } | undefined,
): string {
  const first = pagesBehind === null ? null : pagesBehind * PAGE + 1;
  const range =
    first === null ? exactCount(shown) : `${exactCount(first)}–${exactCount(first + shown - 1)}`;
  if (matching === undefined) return range;
  return `${range} of ${matching.isExact ? "" : "more than "}${count(matching.count)}`;
}
