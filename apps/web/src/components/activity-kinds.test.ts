import { EventKind, type FleetEvent } from "@moult/model";
import { expect, test } from "vitest";
import { ACTIVITY_GROUPS, decidersOf, isActivityGroup, kindsOf } from "./activity-kinds.ts";

test("every kind of event is in exactly one group of the filter", () => {
  const grouped = Object.keys(ACTIVITY_GROUPS)
    .filter(isActivityGroup)
    .flatMap((group) => kindsOf(group).split(","));

  expect(grouped.toSorted()).toEqual([...EventKind.options].toSorted());
});

test.each(["toString", "", "everything"])("%j is no group", (value) => {
  expect(isActivityGroup(value)).toBe(false);
});

test("without a group it is what people and rules decide, not what each device does", () => {
  const kinds = kindsOf().split(",");
  expect(kinds).toContain("deployment-tripped");
  expect(kinds).toContain("device-state-changed");
  expect(kinds).not.toContain("assignment-progressed");
  expect(kinds).not.toContain("device-inventory-changed");
});

test("who decided is named once, and nobody for what devices do", () => {
  const event = (body: FleetEvent["body"]) => ({ body }) as FleetEvent;
  expect(
    decidersOf([
      event({ kind: "device-state-changed", state: "accepted", by: "Ada" }),
      event({ kind: "device-inventory-changed" }),
      event({ kind: "device-state-changed", state: "rejected", by: "ci" }),
      event({ kind: "device-state-changed", state: "accepted", by: "Ada" }),
    ]),
  ).toEqual(["Ada", "ci"]);
});
