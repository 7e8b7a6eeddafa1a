import type { Group, GroupId, ProductName } from "@moult/model";
import { expect, test } from "vitest";
import type { DevicesSearch } from "../server/page-search.ts";
import { chipsOf, columnNames, filterOf, withoutFilter } from "./device-filter.ts";

const groupId = "0199a1f0-0000-7000-8000-000000000001" as GroupId;
const group: Group = {
  id: groupId,
  name: "kiosks",
  product: "pump" as ProductName,
  query: null,
  deviceCount: 3,
  isCountExact: true,
  createdAt: "2026-01-01T00:00:00.000Z",
};
const search: DevicesSearch = {
  search: "0042",
  state: "pending",
  groupId,
  attribute: ["region=eu", "note=a=b"],
  columns: "region",
  sort: "name",
  cursor: "abc",
};

test("the filter is what chooses devices, not how they are shown", () => {
  expect(filterOf(search)).toEqual({
    search: "0042",
    state: "pending",
    groupId,
    attribute: ["region=eu", "note=a=b"],
  });
  expect(withoutFilter(search)).toEqual({ columns: "region", sort: "name" });
});

test("each condition is a chip that knows the address without it, on its first page", () => {
  const chips = chipsOf(search, [group]);

  expect(chips.map(({ name, value }) => [name, value])).toEqual([
    ["State", "asks to join"],
    ["Group", "kiosks"],
    ["region", "eu"],
    ["note", "a=b"],
  ]);
  expect(chips[0]?.without).toEqual({
    search: "0042",
    groupId,
    attribute: ["region=eu", "note=a=b"],
    columns: "region",
    sort: "name",
  });
  expect(chips[2]?.without.attribute).toEqual(["note=a=b"]);
});

test("a group that is gone is shown by its id", () => {
  expect(chipsOf({ groupId }, [])).toMatchObject([{ name: "Group", value: groupId }]);
});

test("columns stand in the address with commas between", () => {
  expect(columnNames("region,site")).toEqual(["region", "site"]);
  expect(columnNames(undefined)).toEqual([]);
});
