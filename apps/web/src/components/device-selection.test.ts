import type { DeviceId } from "@moult/model";
import { expect, test } from "vitest";
import {
  ALL_MATCHING,
  NOTHING,
  SELECTED_MAX,
  apiSelection,
  isSelected,
  selectedCount,
  withSelected,
} from "./device-selection.ts";

const a = "0199a1f0-0000-7000-8000-00000000000a" as DeviceId;
const b = "0199a1f0-0000-7000-8000-00000000000b" as DeviceId;

test("devices are ticked and unticked", () => {
  const both = withSelected(NOTHING, [a, b], true) ?? NOTHING;
  const one = withSelected(both, [a], false) ?? NOTHING;

  expect(selectedCount(both, 12)).toBe(2);
  expect(isSelected(one, a)).toBe(false);
  expect(apiSelection(one, {})).toEqual({ kind: "ids", deviceIds: [b] });
});

test("of all matching, unticked devices are exceptions", () => {
  const most = withSelected(ALL_MATCHING, [a], false) ?? NOTHING;

  expect(isSelected(most, a)).toBe(false);
  expect(isSelected(most, b)).toBe(true);
  expect(selectedCount(most, 12)).toBe(11);
  expect(selectedCount(most, null)).toBeNull();
  expect(apiSelection(most, { state: "pending" })).toEqual({
    kind: "matching",
    filter: { state: "pending" },
    exceptIds: [a],
  });
  expect(withSelected(most, [a], true)).toEqual(ALL_MATCHING);
});

test("more than the server takes one by one is not selected so", () => {
  const ids = Array.from({ length: SELECTED_MAX + 1 }, (_, index) => `${index}` as DeviceId);

  expect(withSelected(NOTHING, ids, true)).toBeUndefined();
});
