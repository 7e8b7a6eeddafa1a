import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, instant, later } from "@moult/base";
import { Window, windowFromText, Weekday } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPlan } from "./check-plan.ts";
import { missableWindow } from "./check-windows.ts";
import { planOf } from "./facts.fixture.ts";
import { phaseEndsAt } from "./phase-timeouts.ts";
import { openIntervals, windowFacts, type Interval } from "./windows.ts";

const WEEK_MS = 7 * DAY_MS;
const UTC = () => () => 0;

const windowsOf = (lines: readonly string[]): Window[] =>
  lines.map((line) => Window.parse(windowFromText(line)));

const planWith = (
  windows: readonly Window[],
  timeouts: { readonly downloadSeconds?: number; readonly installSeconds?: number } = {},
) =>
  planOf({
    stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
    windows: [...windows],
    timeouts,
  });

const HOUR = HOUR_MS / SECOND_MS;

test.each<[readonly string[], Parameters<typeof planWith>[1], readonly object[]]>([
  [["download daily 02:00 1h UTC"], { downloadSeconds: HOUR }, []],
  [["download daily 02:00 1h UTC"], { installSeconds: 2 * HOUR }, []],
  [
    ["download daily 02:00 1h UTC"],
    { downloadSeconds: 2 * HOUR },
    [
      {
        kind: "window-shorter-than-timeout",
        step: "download",
        openSeconds: HOUR,
        timeoutSeconds: 2 * HOUR,
      },
    ],
  ],
  // One that begins where the other ends is open as one with it.
  [["install daily 02:00 1h UTC", "install sat 03:00 1h UTC"], { installSeconds: 2 * HOUR }, []],
  [
    ["install daily 02:00 1h UTC", "install sat 04:00 1h UTC"],
    { installSeconds: 2 * HOUR },
    [
      {
        kind: "window-shorter-than-timeout",
        step: "install",
        openSeconds: HOUR,
        timeoutSeconds: 2 * HOUR,
      },
    ],
  ],
  // How far apart the clocks of two zones are is not known here.
  [
    ["download daily 02:00 1h UTC", "download daily 03:00 1h device"],
    { downloadSeconds: 2 * HOUR },
    [],
  ],
])("a window that what begins in it may outlast is told (%#)", (lines, timeouts, findings) => {
  expect(checkPlan(planWith(windowsOf(lines), timeouts), 1)).toEqual(findings);
});

const someWindows = fc.array(
  fc
    .record({
      days: fc.subarray([...Weekday.options], { minLength: 1 }),
      minute: fc.nat(1_439),
      durationMinutes: fc.integer({ min: 1, max: 30 * 60 }),
    })
    .map(({ days, minute, durationMinutes }) => {
      const digits = (value: number) => String(value).padStart(2, "0");
      const at = `${digits(Math.floor(minute / 60))}:${digits(minute % 60)}`;
      return Window.parse({ for: ["download"], days, at, durationMinutes, zone: "UTC" });
    }),
  { minLength: 1, maxLength: 3 },
);

const openOf = (windows: readonly Window[]): readonly Interval[] =>
  openIntervals(
    windows.map((window) => ({ window, clocks: () => 0 })),
    instant(WEEK_MS),
    instant(4 * WEEK_MS),
  );

test("a device may be at its download after every window exactly where that is told", () => {
  fc.assert(
    fc.property(
      someWindows,
      fc.integer({ min: 60, max: 2 * 86_400 }),
      (windows, downloadSeconds) => {
        const plan = planWith(windows, { downloadSeconds });
        const open = openOf(windows);
        fc.pre(open.length > 1);
        const isOutlasted = open.every(
          ({ from, until }) => (phaseEndsAt(plan, "downloading", from) ?? from) > until,
        );
        const kinds = checkPlan(plan, 1).map(({ kind }) => kind);

        expect(kinds.includes("window-shorter-than-timeout")).toBe(isOutlasted);
      },
    ),
  );
});

test("who asks often enough for the windows meets one in any week, whenever it asks", () => {
  fc.assert(
    fc.property(
      someWindows,
      fc.integer({ min: 600, max: 86_400 }),
      fc.nat(WEEK_MS),
      (windows, checkInSeconds, phase) => {
        const plan = planWith(windows);
        fc.pre(missableWindow(plan, checkInSeconds) === null);
        let at = instant(WEEK_MS + phase);
        for (let asked = 0; asked * checkInSeconds * SECOND_MS <= WEEK_MS + DAY_MS; asked += 1) {
          if (windowFacts(plan, "download", {}, UTC, at).kind !== "closed") return;
          at = later(at, checkInSeconds * SECOND_MS);
        }
        throw new Error("no window was met");
      },
    ),
  );
});

test("who asks more seldom may miss each: here is one that does", () => {
  const plan = planWith(windowsOf(["download daily 02:00 30m UTC"]));
  const checkInSeconds = HOUR;

  expect(missableWindow(plan, checkInSeconds)).toEqual({
    openSeconds: HOUR / 2,
    checkInSeconds,
  });
  for (let hour = 0; hour < 7 * 24; hour += 1) {
    const at = instant(WEEK_MS + hour * HOUR_MS + 40 * MINUTE_MS);
    expect(windowFacts(plan, "download", {}, UTC, at).kind).toBe("closed");
  }
});

test("windows that never close, for another step, or by the clocks of several zones are not said to be missed", () => {
  for (const lines of [
    ["download daily 00:00 24h UTC"],
    ["install daily 02:00 1m UTC"],
    ["download daily 02:00 1m UTC", "download daily 03:00 1m device"],
  ])
    expect(missableWindow(planWith(windowsOf(lines)), 7 * 86_400)).toBeNull();
});
