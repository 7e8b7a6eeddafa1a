import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@moult/base";
import { expect, test } from "vitest";
import { spanMs, timelineOf } from "./progress-timeline.ts";

const FROM = Date.UTC(2026, 0, 5, 12);

test.each([
  [0, SECOND_MS],
  [119 * SECOND_MS, SECOND_MS],
  [120 * SECOND_MS, 5 * SECOND_MS],
  [HOUR_MS, MINUTE_MS],
  [7 * DAY_MS, 3 * HOUR_MS],
  [365 * DAY_MS, 4 * DAY_MS],
])("%d ms are cut into spans of %d ms, never more than a chart shows", (lasted, width) => {
  expect(spanMs(FROM, FROM + lasted)).toBe(width);
  expect(timelineOf([], FROM, FROM + lasted).length).toBeLessThanOrEqual(120);
});

test("each point counts all that ended before it, and the last is the end", () => {
  const to = FROM + 2_500;
  const timeline = timelineOf(
    [
      { span: 0, outcome: "succeeded", count: 2 },
      { span: 1, outcome: "already-running", count: 1 },
      { span: 1, outcome: "rolled-back", count: 1 },
      { span: 2, outcome: "silent", count: 1 },
      // A clock that was set back, and a report that came after the end.
      { span: -3, outcome: "failed", count: 1 },
      { span: 9, outcome: "failed", count: 1 },
    ],
    FROM,
    to,
  );

  expect(timeline).toEqual([
    { at: "2026-01-05T12:00:00.000Z", succeeded: 0, failed: 0, rolledBack: 0, other: 0 },
    { at: "2026-01-05T12:00:01.000Z", succeeded: 2, failed: 1, rolledBack: 0, other: 0 },
    { at: "2026-01-05T12:00:02.000Z", succeeded: 3, failed: 1, rolledBack: 1, other: 0 },
    { at: "2026-01-05T12:00:02.500Z", succeeded: 3, failed: 2, rolledBack: 1, other: 1 },
  ]);
});

test("a deployment that just began has its beginning", () => {
  expect(timelineOf([], FROM, FROM)).toHaveLength(2);
});
