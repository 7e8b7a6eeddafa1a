import fc from "fast-check";
import { expect, test } from "vitest";
import { HoldPoint } from "./hold.ts";
import { Weekday, Window } from "./window.ts";
import { textOfWindow, windowFromText } from "./window-text.ts";
import { windowLine } from "./window-words.ts";

const weekend: Window = {
  for: ["download"],
  days: ["sat", "sun"],
  at: "02:00",
  durationMinutes: 240,
  zone: "Europe/Berlin",
};

test("a window is typed in one line", () => {
  expect(windowFromText("download sat,sun 02:00 4h Europe/Berlin")).toEqual(weekend);
  expect(windowFromText("download daily 23:30 90m device")).toEqual({
    for: ["download"],
    at: "23:30",
    durationMinutes: 90,
    zone: "device",
  });
  expect(windowFromText(" download  fri-mon 00:00 1d attribute:site zone ")).toEqual({
    for: ["download"],
    days: ["fri", "sat", "sun", "mon"],
    at: "00:00",
    durationMinutes: 1_440,
    zone: { attribute: "site zone" },
  });
});

test("the line that is printed says the same window", () => {
  const window = fc.record(
    {
      for: fc.subarray([...HoldPoint.options], { minLength: 1 }),
      days: fc.subarray([...Weekday.options], { minLength: 1 }),
      at: fc.constantFrom("00:00", "02:30", "23:59"),
      durationMinutes: fc.integer({ min: 1, max: 10_080 }),
      zone: fc.constantFrom("UTC", "device", "Etc/GMT+3", { attribute: "site.zone" }),
    },
    { requiredKeys: ["for", "at", "durationMinutes", "zone"] },
  );
  fc.assert(
    fc.property(window, (each) => {
      expect(Window.parse(windowFromText(textOfWindow(each)))).toEqual(each);
    }),
  );
});

test.each([
  ["no zone", "download daily 02:00 4h"],
  ["a length without a unit", "download daily 02:00 4 UTC"],
  ["a day that there is not", "download weekday 02:00 4h UTC"],
  ["a day twice", "download sat,fri-sun 02:00 4h UTC"],
  ["an hour that there is not", "download daily 24:00 4h UTC"],
  ["a step that there is not", "commit daily 02:00 4h UTC"],
  ["more than a week", "download daily 02:00 8d UTC"],
  ["no length", "download daily 02:00 0m UTC"],
  ["a path for a zone", "download daily 02:00 1h ../etc/passwd"],
])("a line with %s is refused", (_what, text) => {
  expect(Window.safeParse(windowFromText(text)).success).toBe(false);
});

test("a window is said in words", () => {
  expect(windowLine(weekend)).toBe(
    "download: Sat, Sun from 02:00 for 4 h, by the clocks of Europe/Berlin",
  );
  const { days: _, ...daily } = weekend;
  expect(windowLine({ ...daily, zone: "device", durationMinutes: 90 })).toBe(
    "download: every day from 02:00 for 90 min, by each device's own clocks",
  );
  expect(windowLine({ ...daily, zone: { attribute: "site.zone" } })).toBe(
    "download: every day from 02:00 for 4 h, by the clocks of each device's site.zone",
  );
});
