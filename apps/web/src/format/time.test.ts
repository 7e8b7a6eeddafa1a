import { expect, test } from "vitest";
import { duration, exactTime, relativeTime } from "./time.ts";

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [-10 * SECOND, "en", "just now"],
  [-44 * SECOND, "en", "just now"],
  [-50 * SECOND, "en", "1 min. ago"],
  [-3 * MINUTE, "en", "3 min. ago"],
  [40 * MINUTE, "en", "in 40 min."],
  [-2 * HOUR, "en", "2 hr. ago"],
  [-3 * DAY, "en", "3 days ago"],
  [-26 * DAY, "en", "Nov 2"],
  [-26 * DAY, "en-GB", "2 Nov"],
  [-400 * DAY, "en-GB", "24 Oct 2025"],
  [-3 * DAY, "de", "vor 3 Tagen"],
])("%i ms from now is said in %s as %j", (delta, locale, expected) => {
  expect(relativeTime(NOW + delta, NOW, locale)).toBe(expected);
});

test.each([
  [0, "0 s"],
  [59 * SECOND, "59 s"],
  [250 * SECOND, "4 min 10 s"],
  [3 * HOUR + 5 * MINUTE, "3 h 5 min"],
  [2 * DAY, "2 d"],
  [-5, "0 s"],
])("%i ms last %j", (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test("the exact time has the reader's zone and UTC", () => {
  expect(exactTime(NOW, "en-GB")).toContain("(2026-11-28 12:00:00 UTC)");
});
