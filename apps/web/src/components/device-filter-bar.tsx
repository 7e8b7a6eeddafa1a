import { useState } from "react";
import { CreateGroupDialog } from "../forms/create-group-dialog.tsx";
import { count } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { SelectField, type Choice } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { DeviceColumnsDialog } from "./device-columns-dialog.tsx";
import { DeviceFilterDialog } from "./device-filter-dialog.tsx";
import { DeviceQueryBox } from "./device-query-box.tsx";
import { chipsOf, withoutFilter } from "./device-filter.ts";

export type ChangeSearch = (next: DevicesSearch, how?: "push" | "replace") => void;

type Sort = NonNullable<DevicesSearch["sort"]>;

const SORTS: readonly Choice<Sort>[] = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "name", label: "By name" },
  { value: "seen", label: "Last heard of first" },
];

/** Which devices are listed, and how: all of it stands in the address. */
export function DeviceFilterBar({
  search,
  onChange,
}: {
  readonly search: DevicesSearch;
  readonly onChange: ChangeSearch;
}) {
  const [open, setOpen] = useState<"filters" | "columns" | "group" | null>(null);
  const mayGroup = useMay("groups:write");
  const close = (): void => setOpen(null);
  return (
    <div className="mb-4 flex flex-col gap-3">
      <QuickFilters search={search} />
      <div className="flex flex-wrap items-end gap-2">
        <div className="flex min-w-0 basis-full sm:basis-64 sm:grow">
          <SearchBox
            label="Search devices by name, identity or id"
            placeholder="Name, serial number, address or id"
            value={search.search ?? ""}
            onChange={(text) => {
              const { search: _, ...rest } = search;
              onChange(text === "" ? rest : { ...rest, search: text }, "replace");
            }}
          />
        </div>
        <SelectField
          label="Order"
          isLabelHidden
          value={search.sort ?? "newest"}
          choices={SORTS}
          onChange={(sort) => {
            const { sort: _, ...rest } = search;
            onChange(sort === "newest" ? rest : { ...rest, sort });
          }}
        />
        <Button onClick={() => setOpen("filters")}>Filter</Button>
        <Button onClick={() => setOpen("columns")}>Columns</Button>
      </div>
      <div className="flex flex-wrap items-start gap-2">
        <DeviceQueryBox
          value={search.query ?? ""}
          onChange={(query) => {
            const { query: _, ...rest } = search;
            onChange(query === "" ? rest : { ...rest, query }, "replace");
          }}
        />
        {search.query !== undefined && mayGroup && (
          <Button onClick={() => setOpen("group")}>Make it a group</Button>
        )}
      </div>
      <FilterChips search={search} onChange={onChange} />
      {open === "group" && search.query !== undefined && (
        <CreateGroupDialog onClose={close} query={search.query} />
      )}
      <DeviceFilterDialog
        isOpen={open === "filters"}
        onClose={close}
        search={search}
        onChange={onChange}
      />
      <DeviceColumnsDialog
        isOpen={open === "columns"}
        onClose={close}
        search={search}
        onChange={onChange}
      />
    </div>
  );
}

/** What somebody looks for most, with its number; a product that is chosen stays chosen. */
function QuickFilters({ search }: { readonly search: DevicesSearch }) {
  const product = search.product === undefined ? {} : { product: search.product };
  const { data } = useOperation("countDevices", { query: product });
  const { byState, byContact, updating } = data ?? {};
  const kept = { ...withoutFilter(search), ...product };
  const all =
    byState && Object.values(byState).reduce((sum: number, value) => sum + (value ?? 0), 0);
  const quick = [
    ["All", {}, all],
    ["Ask to join", { state: "pending" }, byState?.pending ?? 0],
    ["Updating", { updating: "true" }, updating],
    ["Late", { state: "accepted", contact: "late" }, byContact?.late],
    ["Silent", { state: "accepted", contact: "silent" }, byContact?.silent],
    ["Never seen", { state: "accepted", contact: "never-seen" }, byContact?.["never-seen"]],
  ] as const satisfies readonly (readonly [string, DevicesSearch, number | undefined])[];
  const { search: _search, attribute: _attribute, cursor: _cursor, ...chosen } = search;
  return (
    <nav aria-label="Kinds of devices" className="flex flex-wrap gap-x-4 gap-y-1">
      {quick.map(([label, filter, number]) => {
        const target = { ...kept, ...filter };
        const isHere = sameSearch(target, chosen) && search.attribute === undefined;
        return (
          <span
            key={label}
            className={classNames("whitespace-nowrap", isHere && "font-semibold")}
            {...(isHere ? { "aria-current": "true" } : {})}
          >
            <TextLink to="/devices" search={target} isQuiet>
              {label} <span className="tabular text-soft">{data && count(number ?? 0)}</span>
            </TextLink>
          </span>
        );
      })}
    </nav>
  );
}

const sameSearch = (one: DevicesSearch, other: DevicesSearch): boolean => {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof DevicesSearch>;
  return [...keys].every((key) => one[key] === other[key]);
};

function FilterChips({
  search,
  onChange,
}: {
  readonly search: DevicesSearch;
  readonly onChange: ChangeSearch;
}) {
  const { data } = useOperation("listGroups", undefined, { enabled: search.groupId !== undefined });
  const chips = chipsOf(search, data?.items ?? []);
  if (chips.length === 0) return null;
  return (
    <ul aria-label="Filters" className="flex flex-wrap gap-2">
      {chips.map(({ key, name, value, without }) => (
        <li
          key={key}
          className="inline-flex max-w-full items-center gap-1 rounded-full border border-line bg-raised py-0.5 pl-3 pr-1"
        >
          <span className="min-w-0 truncate">
            <span className="text-soft">
              <Foreign text={name} />:{" "}
            </span>
            <Foreign text={value} />
          </span>
          <button
            type="button"
            aria-label={`Remove the filter ${plainText(`${name}: ${value}`)}`}
            className="size-6 rounded-full text-soft hover:bg-sunk hover:text-ink pointer-coarse:size-11"
            onClick={() => onChange(without)}
          >
            ×
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <Button kind="quiet" onClick={() => onChange(withoutFilter(search))}>
            Remove all
          </Button>
        </li>
      )}
    </ul>
  );
}
