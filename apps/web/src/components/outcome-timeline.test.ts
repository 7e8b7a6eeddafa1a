import { expect, test } from "vitest";
import { endedOf, openedIn, seriesIn, timelineSentence, topOf } from "./outcome-timeline.ts";

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
  expect(timelineSentence([], 60)).toBe("No device is done yet.");
  expect(timelineSentence([nothing], 60)).toBe("No device is done yet.");
});

test("what never happened has no series", () => {
  expect(seriesIn([point]).map(({ key }) => key)).toEqual(["succeeded", "rolledBack", "failed"]);
  expect(endedOf(point)).toBe(63);
});

test("a chart ends at the stages that were opened, nearer while few of them are done, and never below", () => {
  const done = (succeeded: number) => [{ at, succeeded, failed: 0, rolledBack: 0, other: 0 }];
  expect(topOf(done(60), { opened: 100, total: 10_000 })).toBe(100);
  expect(topOf(done(3), { opened: 100, total: 10_000 })).toBe(3);
  expect(topOf(done(60), { opened: 70, total: 60 })).toBe(60);
  expect(topOf(done(60), { opened: 50, total: 60 })).toBe(60);
  expect(topOf([], { opened: 50, total: 60 })).toBe(1);
});

test("what a stage took over counts, and a stage that is to come does not", () => {
  const stage = { size: { percent: 10 }, open: 0, succeeded: 0, failed: 0 };
  expect(
    openedIn([
      { ...stage, state: "passed", deviceCount: 6, admitted: 6 },
      { ...stage, state: "running", deviceCount: 24, admitted: 25 },
      { ...stage, state: "next", deviceCount: 30, admitted: 0 },
    ]),
  ).toBe(31);
});
