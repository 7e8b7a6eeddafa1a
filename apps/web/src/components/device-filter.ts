import type { Input } from "@moult/client";
import type { Group } from "@moult/model";
import type { DevicesSearch } from "../server/page-search.ts";
import { DEVICE_CONTACT, DEVICE_STATE } from "../ui/status.ts";

export type DeviceFilter = NonNullable<NonNullable<Input<"countMatchingDevices">>["query"]>;

/** What of an address chooses devices; the rest is how they are shown. */
export function filterOf(search: DevicesSearch): DeviceFilter {
  const { columns: _columns, sort: _sort, cursor: _cursor, attribute, ...filter } = search;
  return attribute === undefined ? filter : { ...filter, attribute: [...attribute] };
}

export const withoutFilter = ({ columns, sort }: DevicesSearch): DevicesSearch => ({
  ...(columns === undefined ? {} : { columns }),
  ...(sort === undefined ? {} : { sort }),
});

const UNDECIDED = { key: "a new key", identity: "two machines" } as const;

export interface FilterChip {
  readonly key: string;
  /** What it is about, in our words. */
  readonly name: string;
  /** May be text from outside. */
  readonly value: string;
  /** The address without it. */
  readonly without: DevicesSearch;
}

/** One chip for each condition of the filter but the searched text and the query, which stand in their boxes. */
export function chipsOf(search: DevicesSearch, groups: readonly Group[]): FilterChip[] {
  const { cursor: _cursor, ...first } = search;
  const chip = (
    key: keyof DevicesSearch,
    name: string,
    value: string | undefined,
  ): FilterChip[] => {
    const { [key]: _removed, ...without } = first as Record<string, unknown>;
    return value === undefined ? [] : [{ key, name, value, without }];
  };
  const { state, contact, updating, undecided, product, groupId, hardwareType, running } = search;
  const group = groups.find(({ id }) => id === groupId)?.name ?? groupId;
  const { attribute = [] } = search;
  return [
    ...chip("state", "State", state && DEVICE_STATE[state].word),
    ...chip("contact", "Heard of", contact && DEVICE_CONTACT[contact].word),
    ...chip("updating", "In an update", updating && (updating === "true" ? "yes" : "no")),
    ...chip("undecided", "To decide", undecided && UNDECIDED[undecided]),
    ...chip("product", "Product", product),
    ...chip("groupId", "Group", group),
    ...chip("hardwareType", "Hardware type", hardwareType),
    ...chip("running", "Runs", running),
    ...attribute.map((condition, index) => {
      const end = condition.indexOf("=");
      const { attribute: _attribute, ...rest } = first;
      const others = attribute.filter((_, other) => other !== index);
      return {
        key: `attribute ${condition}`,
        name: condition.slice(0, end),
        value: condition.slice(end + 1),
        without: others.length === 0 ? rest : { ...rest, attribute: others },
      };
    }),
  ];
}

/** Inventory names that are columns. */
export const columnNames = (columns: string | undefined): readonly string[] =>
  (columns ?? "").split(",").filter((name) => name !== "");
