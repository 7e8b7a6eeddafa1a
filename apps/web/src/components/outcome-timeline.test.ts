import { expect, test } from "vitest";
import { endedOf, seriesIn, timelineSentence } from "./outcome-timeline.ts";

const at = "2026-11-02T14:00:00.000Z";
const point = { at, succeeded: 51, failed: 3, rolledBack: 9, other: 0 };

test("a chart's sentence names what there is, in the order of the bars", () => {
  expect(timelineSentence([point], 2_712)).toBe(
    "Of 2,712 devices, 51 succeeded, 9 rolled back and 3 failed.",
  );
  expect(timelineSentence([{ ...point, failed: 0, rolledBack: 0 }], 60)).toBe(
    "Of 60 devices, 51 succeeded.",
  );
});

test("before the first result it says that there is none", () => {
  const nothing = { at, succeeded: 0, failed: 0, rolledBack: 0, other: 0 };
  expect(timelineSentence([], 60)).toBe("No device has ended yet.");
  expect(timelineSentence([nothing], 60)).toBe("No device has ended yet.");
});

test("what never happened has no series", () => {
  expect(seriesIn([point]).map(({ key }) => key)).toEqual(["succeeded", "rolledBack", "failed"]);
  expect(endedOf(point)).toBe(63);
});
