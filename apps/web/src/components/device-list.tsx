import type { DeviceRow } from "@moult/model";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { count, counted, exactCount } from "../format/number.ts";
import { operationQuery, useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { Button } from "../ui/button.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";
import { usePaging } from "../ui/use-paging.ts";
import { useSteadyRows } from "../ui/use-steady-rows.ts";
import { attributeColumns, deviceColumns } from "./device-columns.tsx";
import { columnNames, filterOf } from "./device-filter.ts";
import { pendingColumns } from "./pending-columns.tsx";

const PAGE = 100;

const keyOf = ({ id }: DeviceRow): string => id;

/** Devices in pages, live, with what can be done to many of them at once. */
export function DeviceList({
  search,
  columns,
  onSort,
  empty,
}: {
  readonly search: DevicesSearch;
  /** Names of inventory attributes, separated by commas. */
  readonly columns?: string | undefined;
  readonly onSort?: (sort: NonNullable<DevicesSearch["sort"]>) => void;
  /** What is shown when no device fits. */
  readonly empty: ReactNode;
}) {
  const filter = filterOf(search);
  const paging = usePaging();
  const query = {
    ...filter,
    limit: PAGE,
    ...(search.sort === undefined ? {} : { sort: search.sort }),
    ...(columns === undefined ? {} : { columns }),
  };
  const input = {
    query: { ...query, ...(paging.cursor === undefined ? {} : { cursor: paging.cursor }) },
  };
  const page = useOperation("listDevices", input, { keepsOld: true });
  const { data: matching } = useOperation("countMatchingDevices", { query: filter });
  const steady = useSteadyRows(
    JSON.stringify(input),
    page.isPlaceholderData ? undefined : page.data?.items,
    keyOf,
  );
  const queryClient = useQueryClient();
  const table = [
    ...(search.state === "pending"
      ? pendingColumns(steady.showChanged)
      : [...deviceColumns(search.sort, onSort), ...attributeColumns(columnNames(columns))]),
  ];
  return (
    <>
      <Changed steady={steady} />
      <Answered answer={page} what="devices" rows={10}>
        {({ items, nextCursor }) =>
          items.length === 0 && steady.rows.length === 0 ? (
            empty
          ) : (
            <>
              <Table
                caption="Devices"
                columns={table}
                rows={page.isPlaceholderData ? items : steady.rows}
                keyOf={keyOf}
              />
              <Pager
                summary={pageSummary(paging.pagesBehind, items.length, matching)}
                hasPrevious={paging.hasPrevious}
                hasNext={nextCursor !== null}
                onPrevious={paging.previous}
                onNext={() => nextCursor !== null && paging.next(nextCursor)}
                onNextIntent={() => {
                  if (nextCursor === null) return;
                  const next = { query: { ...query, cursor: nextCursor } };
                  void queryClient.prefetchQuery(operationQuery("listDevices", next));
                }}
              />
            </>
          )
        }
      </Answered>
    </>
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
