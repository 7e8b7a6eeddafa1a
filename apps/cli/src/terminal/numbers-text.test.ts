import { expect, test } from "vitest";
import { barText } from "./bar-text.ts";
import { sizeText } from "./size-text.ts";
import { ageText, durationText, timeText } from "./time-text.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [12_345, "12.3 kB"],
  [999_900, "1.0 MB"],
  [123_456_789, "123 MB"],
  [64 * 1024 ** 3, "68.7 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  [0, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [3_700, "1 h"],
  [200_000, "2 d"],
])("%d seconds are %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test("times say their zone, ages their direction", () => {
  const at = "2026-11-20T10:00:03.456Z";

  expect(timeText(at)).toBe("2026-11-20 10:00:03Z");
  expect(ageText(at, Date.parse(at) + 180_000)).toBe("3 min ago");
  expect(ageText(at, Date.parse(at) - 7_200_000)).toBe("in 2 h");
  expect(ageText(at, Date.parse(at))).toBe("now");
});

test.each([
  [0, "····"],
  [0.001, "▏···"],
  [0.5, "██··"],
  [1, "████"],
  [7, "████"],
])("a share of %d fills a bar of four as %s", (share, bar) => {
  expect(barText(share, 4)).toBe(bar);
});
