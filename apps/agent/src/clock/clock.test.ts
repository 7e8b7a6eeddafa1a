import { DAY_MS, HOUR_MS, instant, later, type InstantMs } from "@moult/base";
import { expect, test } from "vitest";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { liftClock } from "./lift-clock.ts";
import { raisedFloor, readClock } from "./time-floor.ts";

const now = instant(Date.UTC(2027, 0, 1));
const YEAR_MS = 365 * DAY_MS;

test.each<[string, InstantMs, InstantMs, InstantMs]>([
  [
    "a signed time between floor and clock raises the floor",
    later(now, -YEAR_MS),
    later(now, -HOUR_MS),
    later(now, -HOUR_MS),
  ],
  ["a signed time in the past lowers nothing", now, later(now, -YEAR_MS), now],
  [
    "a signed time some seconds ahead is believed",
    later(now, -YEAR_MS),
    later(now, 5_000),
    later(now, 5_000),
  ],
  [
    "a signed time ten years ahead moves the floor by a day",
    later(now, -YEAR_MS),
    later(now, 10 * YEAR_MS),
    later(now, DAY_MS),
  ],
])("%s", (_case, floor, issuedAt, expected) => {
  expect(raisedFloor(floor, issuedAt, now, DAY_MS).at).toBe(expected);
});

test("a clock that stands at 1970 lets the floor rise from the floor, not from 1970", () => {
  expect(raisedFloor(now, later(now, 10 * YEAR_MS), instant(0), DAY_MS).at).toBe(
    later(now, DAY_MS),
  );
});

test("once the day's jump is used the floor follows the device's own clock alone", () => {
  const floor = later(now, -HOUR_MS);
  const raised = raisedFloor(floor, later(now, 10 * YEAR_MS), now, 0);
  expect(raised).toEqual({ at: now, hasJumped: true });
});

test("a clock some minutes behind is right enough, an hour is not", () => {
  expect(readClock(later(now, -5 * 60_000), now)).toBe("ok");
  expect(readClock(later(now, -HOUR_MS), now)).toBe("behind");
  expect(readClock(later(now, 20 * YEAR_MS), now)).toBe("ok");
});

test("a clock that is behind is lifted to the floor", async () => {
  let time = instant(0);
  const set = async (to: InstantMs): Promise<undefined> => void (time = to);
  const log = recordingLog();
  expect(await liftClock({ now: () => time }, now, set, log)).toBe("ok");
  expect(time).toBe(now);
});

test("a clock that is right is left alone", async () => {
  const set = (): never => {
    throw new Error("nobody may set this clock");
  };
  expect(await liftClock({ now: () => later(now, 1) }, now, set, recordingLog())).toBe("ok");
});

test("a clock that cannot be lifted is told of, and the agent goes on", async () => {
  const log = recordingLog();
  const behind = { now: () => instant(0) };
  expect(await liftClock(behind, now, async () => "Operation not permitted", log)).toBe("behind");
  expect(await liftClock(behind, now, undefined, log)).toBe("behind");
  expect(log.entries.map(({ event, fields }) => [event, fields["reason"]])).toEqual([
    ["clock-behind", "Operation not permitted"],
    ["clock-behind", "clock.lift is off or not root"],
  ]);
});
