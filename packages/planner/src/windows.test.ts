import { HOUR_MS, MINUTE_MS, instant, later } from "@moult/base";
import { StepWindows, Weekday, Window } from "@moult/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "./decide.ts";
import { deployment, deploymentId, facts, NOW, planOf } from "./facts.fixture.ts";
import {
  offerWindow,
  openIntervals,
  stepWindows,
  UTC_ZONES,
  windowFacts,
  type Zones,
} from "./windows.ts";
import { clockChange, zoneByWall, type ClockChange } from "./zones.fixture.ts";

const at = (text: string) => instant(Date.parse(text));

const windowOf = (changes: Partial<Window> = {}): Window =>
  Window.parse({
    for: ["download"],
    at: "02:30",
    durationMinutes: 60,
    zone: "Europe/Berlin",
    ...changes,
  });

/** Opening times of one window, as people write them in UTC. */
function openings(window: Window, zone: string, from: string, until: string): readonly string[] {
  return openIntervals([{ window, clocks: zoneByWall(zone) }], at(from), at(until)).map(
    (interval) => new Date(interval.from).toISOString().slice(0, 16),
  );
}

describe("a window by the clocks of a zone", () => {
  test("opens at the same hour on the wall before and after clocks are changed", () => {
    expect(
      openings(
        windowOf({ at: "12:00" }),
        "Europe/Berlin",
        "2027-03-27T00:00Z",
        "2027-03-30T00:00Z",
      ),
    ).toEqual(["2027-03-27T11:00", "2027-03-28T10:00", "2027-03-29T10:00"]);
  });

  test("opens as if the clocks had not jumped yet where they jump over its hour", () => {
    expect(openings(windowOf(), "Europe/Berlin", "2027-03-27T12:00Z", "2027-03-29T12:00Z")).toEqual(
      ["2027-03-28T01:30", "2027-03-29T00:30"],
    );
  });

  test("opens once, when its hour is shown first, where clocks show it twice", () => {
    expect(openings(windowOf(), "Europe/Berlin", "2027-10-30T12:00Z", "2027-11-01T12:00Z")).toEqual(
      ["2027-10-31T00:30", "2027-11-01T01:30"],
    );
  });

  test("is open for its length in time that passes, also in the night of the change", () => {
    const night = windowOf({ at: "00:00", durationMinutes: 6 * 60, days: ["sun"] });
    const clocks = zoneByWall("Europe/Berlin");
    const [interval] = openIntervals(
      [{ window: night, clocks }],
      at("2027-03-27T12:00Z"),
      at("2027-03-29T00:00Z"),
    );
    expect(interval?.until).toBe(at("2027-03-28T05:00Z"));
  });

  test("of a day that a zone leaves out opens as if the day had been there", () => {
    // Samoa had no 30 December 2011.
    const friday = windowOf({ at: "09:00", days: ["fri"] });
    expect(openings(friday, "Pacific/Apia", "2011-12-29T00:00Z", "2012-01-02T00:00Z")).toEqual([
      "2011-12-30T19:00",
    ]);
  });
});

const CHANGES: readonly ClockChange[] = [
  clockChange("Europe/Berlin", "2027-01-01"),
  clockChange("Europe/Berlin", "2027-07-01"),
  clockChange("America/St_Johns", "2027-01-01"),
  clockChange("America/St_Johns", "2027-07-01"),
  clockChange("Australia/Lord_Howe", "2027-01-01"),
  clockChange("Australia/Lord_Howe", "2027-07-01"),
];

test("clocks are put on and back in the zones that are tried", () => {
  expect(CHANGES.map(({ byMinutes }) => byMinutes)).toEqual([60, -60, 60, -60, -30, 30]);
});

/** The minutes in which a window is open, by looking at the wall once a minute. */
function openMinutes(
  { days, at: opensAt, durationMinutes }: Window,
  change: ClockChange,
): Set<number> {
  const wanted = Number(opensAt.slice(0, 2)) * 60 + Number(opensAt.slice(3));
  const open = new Set<number>();
  for (const [, minutes] of Map.groupBy(change.minutes, ({ date }) => date)) {
    const [first] = minutes;
    if (first === undefined || (days?.includes(first.weekday as Weekday) ?? true) === false)
      continue;
    const shown = minutes.find(({ minuteOfDay }) => minuteOfDay === wanted);
    // Never shown: counted on from the last minute before it.
    const before = minutes.findLast(({ minuteOfDay }) => minuteOfDay < wanted);
    const from =
      shown?.at ??
      (before === undefined ? undefined : before.at + (wanted - before.minuteOfDay) * MINUTE_MS);
    if (from === undefined) continue;
    for (let minute = 0; minute < durationMinutes; minute += 1) open.add(from + minute * MINUTE_MS);
  }
  return open;
}

const someWindow = fc
  .record({
    days: fc.subarray([...Weekday.options], { minLength: 1 }),
    minute: fc.oneof(fc.nat(1_439), fc.integer({ min: 60, max: 240 })),
    durationMinutes: fc.integer({ min: 1, max: 26 * 60 }),
  })
  .map(({ days, minute, durationMinutes }) => {
    const digits = (value: number) => String(value).padStart(2, "0");
    return windowOf({
      days,
      at: `${digits(Math.floor(minute / 60))}:${digits(minute % 60)}`,
      durationMinutes,
    });
  });

test("windows are open in exactly the minutes in which the clocks on the wall say so", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CHANGES),
      fc.array(someWindow, { minLength: 1, maxLength: 3 }),
      (change, windows) => {
        const clocks = zoneByWall(change.zone);
        const wall = windows.map((window) => openMinutes(window, change));
        // A day more on either side, so that each window that reaches in has its day among the minutes.
        const middle = change.minutes.slice(36 * 60, -36 * 60);
        const from = middle[0]?.at ?? NOW;
        const until = later(middle.at(-1)?.at ?? NOW, MINUTE_MS);
        const intervals = openIntervals(
          windows.map((window) => ({ window, clocks })),
          from,
          until,
        );
        for (const { at: minute } of middle) {
          const isOpen = intervals.some((each) => each.from <= minute && minute < each.until);
          if (isOpen !== wall.some((open) => open.has(minute)))
            throw new Error(`${change.zone} ${new Date(minute).toISOString()}: ${String(isOpen)}`);
        }
        for (const [index, interval] of intervals.entries())
          expect(interval.from).toBeGreaterThan(intervals[index - 1]?.until ?? 0);
      },
    ),
    { numRuns: 150 },
  );
});

describe("whether devices may begin", () => {
  const zones: Zones = (name) => (name === "Europe/Berlin" ? zoneByWall(name) : UTC_ZONES(name));
  const asked = (windows: readonly Window[], attributes: Record<string, string>, now: string) =>
    windowFacts(planOf({ windows: [...windows] }), "download", attributes, zones, at(now));

  test("is until when, in a window, and from when, outside of all", () => {
    const windows = [windowOf({ at: "02:00" }), windowOf({ at: "02:30" })];
    expect(asked(windows, {}, "2027-06-01T00:10Z")).toEqual({
      kind: "open",
      until: at("2027-06-01T01:30Z"),
    });
    expect(asked(windows, {}, "2027-06-01T01:30Z")).toEqual({
      kind: "closed",
      opensAt: at("2027-06-02T00:00Z"),
    });
  });

  test("goes by the clocks that the device names, where the plan says so", () => {
    const byDevice = [windowOf({ at: "02:00", zone: "device" })];
    const byTag = [windowOf({ at: "02:00", zone: { attribute: "site.zone" } })];
    const noon = "2027-06-01T12:00Z";
    const closed = { kind: "closed", opensAt: at("2027-06-02T00:00Z") };
    expect(asked(byDevice, { "moult.time-zone": "Europe/Berlin" }, noon)).toEqual(closed);
    expect(asked(byTag, { "site.zone": "Europe/Berlin" }, noon)).toEqual(closed);
    expect(asked(byDevice, {}, noon)).toEqual({
      kind: "zone-unknown",
      attribute: "moult.time-zone",
      zone: null,
    });
    expect(asked(byTag, { "site.zone": "Mars/Olympus" }, noon)).toEqual({
      kind: "zone-unknown",
      attribute: "site.zone",
      zone: "Mars/Olympus",
    });
  });

  test("hangs on no window for another step, and on none at all in a plan without", () => {
    expect(windowFacts(planOf(), "download", {}, zones, NOW)).toEqual({ kind: "always" });
  });
});

describe("the windows that a device is told", () => {
  const zones: Zones = (name) => (name === "Europe/Berlin" ? zoneByWall(name) : UTC_ZONES(name));
  const windows = [
    windowOf({ for: ["install"], at: "02:00", days: ["sat"] }),
    windowOf({ for: ["install", "reboot"], at: "04:00", days: ["sun"], zone: "device" }),
  ];
  const plan = planOf({ windows });
  const berlin = { "moult.time-zone": "Europe/Berlin" };

  test("are instants for two weeks ahead, over a change of clocks, and none for steps at any time", () => {
    const told = stepWindows(plan, berlin, zones, at("2027-03-20T12:00Z"));
    const hourFrom = (text: string) => ({ fromMs: at(text), untilMs: at(text) + HOUR_MS });
    expect(told.reboot).toEqual([
      hourFrom("2027-03-21T03:00Z"),
      hourFrom("2027-03-28T02:00Z"),
      hourFrom("2027-04-04T02:00Z"),
    ]);
    expect(told.install).toHaveLength(5);
    expect(stepWindows(planOf({ windows: [windowOf()] }), berlin, zones, NOW)).toEqual({});
    expect(stepWindows(planOf(), berlin, zones, NOW)).toEqual({});
  });

  test("begin with the one that is open", () => {
    const now = at("2027-03-28T02:30Z");
    expect(stepWindows(plan, berlin, zones, now).reboot?.[0]?.fromMs).toBe(at("2027-03-28T02:00Z"));
  });

  test("are few enough for the message that tells them", () => {
    const hourly = Array.from({ length: 20 }, (_, index) =>
      windowOf({
        for: ["install"],
        at: `${String(index).padStart(2, "0")}:00`,
        durationMinutes: 1,
      }),
    );
    const told = stepWindows(planOf({ windows: hourly }), {}, zones, NOW);
    expect(StepWindows.parse(told).install).toHaveLength(32);
  });

  test("keep a device from the offer while its clocks are not known", () => {
    const byDevice = planOf({ windows: [windowOf({ for: ["reboot"], zone: "device" })] });
    expect(offerWindow(byDevice, {}, zones, NOW).kind).toBe("zone-unknown");
    expect(offerWindow(byDevice, berlin, zones, NOW)).toEqual({ kind: "always" });
  });
});

describe("a device outside of the windows", () => {
  const opensAt = later(NOW, HOUR_MS);
  const shut = deployment({ window: { kind: "closed", opensAt } });

  test("waits until the next one opens", () => {
    expect(decide(facts({ candidates: [shut] }))).toMatchObject({
      kind: "wait",
      reasons: [
        {
          kind: "outside-window",
          deploymentId: deploymentId(1),
          until: new Date(opensAt).toISOString(),
        },
      ],
      isContended: false,
      until: opensAt,
    });
  });

  test("that a person sent ahead is offered the release all the same", () => {
    expect(decide(facts({ candidates: [{ ...shut, isForced: true }] })).kind).toBe("offer");
  });

  test("that runs the release already is not kept waiting to be counted", () => {
    const candidates = [{ ...shut, version: "1.0" as never }];
    expect(decide(facts({ candidates })).kind).toBe("close-as-already-running");
  });

  test("whose clocks are not known waits for something else than time", () => {
    const window = { kind: "zone-unknown", attribute: "moult.time-zone", zone: null } as const;
    expect(decide(facts({ candidates: [deployment({ window })] }))).toMatchObject({
      reasons: [{ kind: "zone-unknown" }],
      until: null,
    });
  });
});
