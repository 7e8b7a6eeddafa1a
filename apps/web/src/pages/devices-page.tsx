import { useNavigate, useSearch } from "@tanstack/react-router";
import { DeviceFilterBar, type ChangeSearch } from "../components/device-filter-bar.tsx";
import { keptColumns } from "../components/device-columns-dialog.tsx";
import { chipsOf, filterOf, withoutFilter } from "../components/device-filter.ts";
import { queryProblem } from "../components/query-problem.ts";
import { DeviceList } from "../components/device-list.tsx";
import { count, counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { ButtonLink } from "../ui/button.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Empty } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

export function DevicesPage() {
  const search = useSearch({ from: "/frame/devices" });
  const navigate = useNavigate();
  const change: ChangeSearch = (next, how = "push") => {
    const { cursor: _, ...first } = next;
    void navigate({
      to: "/devices",
      search: first,
      replace: how === "replace",
      resetScroll: false,
    });
  };
  const isQuery = queryProblem(search.query ?? "") === null;
  return (
    <>
      <PageHeader
        title="Devices"
        sentence={isQuery ? <HowMany search={search} /> : <>&nbsp;</>}
        actions={
          <ButtonLink to="/devices/new" kind="primary">
            Enrol a device
          </ButtonLink>
        }
      />
      <DeviceFilterBar search={search} onChange={change} />
      {isQuery ? (
        <DeviceList
          search={search}
          columns={search.columns ?? keptColumns()}
          onSort={(sort) => {
            const { sort: _, ...rest } = search;
            change(sort === "newest" ? rest : { ...rest, sort });
          }}
          empty={<NoDevices search={search} />}
        />
      ) : (
        <Empty title="The address has a query that is none">
          <p>What is wrong with it stands above, where it can be mended.</p>
        </Empty>
      )}
    </>
  );
}

const useAll = (): number | undefined => {
  const { data } = useOperation("countDevices", { query: {} });
  return data && Object.values(data.byState).reduce((sum: number, value) => sum + (value ?? 0), 0);
};

function HowMany({ search }: { readonly search: DevicesSearch }) {
  const { data } = useOperation("countMatchingDevices", { query: filterOf(search) });
  const all = useAll();
  if (data === undefined || all === undefined) return <>&nbsp;</>;
  const { isExact } = data;
  const isFiltered = Object.keys(filterOf(search)).length > 0;
  if (!isFiltered) return counted(all, "device");
  return `${isExact ? "" : "More than "}${count(data.count)} of ${counted(all, "device")}`;
}

/** None at all, or none that fits; then each condition says how many there would be without it. */
function NoDevices({ search }: { readonly search: DevicesSearch }) {
  const all = useAll();
  const chips = chipsOf(search, []);
  if (all === 0)
    return (
      <Empty title="No devices yet">
        <p>
          A device joins by itself once it knows this server.{" "}
          <TextLink to="/devices/new">Enrol the first one</TextLink>
        </p>
      </Empty>
    );
  return (
    <Empty title="No device matches">
      <ul className="flex flex-col gap-1">
        {search.search !== undefined && Object.keys(filterOf(search)).length > 1 && (
          <Without
            label={`the text "${search.search}"`}
            search={(({ search: _search, cursor: _cursor, ...rest }) => rest)(search)}
          />
        )}
        {search.query !== undefined && Object.keys(filterOf(search)).length > 1 && (
          <Without
            label="the query"
            search={(({ query: _query, cursor: _cursor, ...rest }) => rest)(search)}
          />
        )}
        {chips.length > 1 &&
          chips.map(({ key, name, value, without }) => (
            <Without key={key} label={`${name}: ${value}`} search={without} />
          ))}
        <Without label="any filter" search={withoutFilter(search)} />
      </ul>
    </Empty>
  );
}

function Without({ label, search }: { readonly label: string; readonly search: DevicesSearch }) {
  const { data } = useOperation("countMatchingDevices", { query: filterOf(search) });
  return (
    <li>
      <TextLink to="/devices" search={search}>
        Without {label}
      </TextLink>
      : <span className="tabular">{data === undefined ? "" : count(data.count)}</span>
    </li>
  );
}
