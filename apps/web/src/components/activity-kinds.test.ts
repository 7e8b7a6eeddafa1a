import { EventKind } from "@moult/model";
import { expect, test } from "vitest";
import { ACTIVITY_GROUPS, isActivityGroup, kindsOf } from "./activity-kinds.ts";

test("every kind of event is in exactly one group of the filter", () => {
  const grouped = Object.keys(ACTIVITY_GROUPS)
    .filter(isActivityGroup)
    .flatMap((group) => kindsOf(group).split(","));

  expect(grouped.toSorted()).toEqual([...EventKind.options].toSorted());
});

test.each(["toString", "", "everything"])("%j is no group", (value) => {
  expect(isActivityGroup(value)).toBe(false);
});
