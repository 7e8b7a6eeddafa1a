import { DAY_MS, HOUR_MS, instant, MINUTE_MS, SECOND_MS } from "@moult/base";
import { planSentences, secondsWords } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { explain } from "./explain.ts";
import { facts, NOW, openAssignment, planOf } from "./facts.fixture.ts";
import {
  HABIT_SILENCE,
  NO_HABIT,
  patienceOf,
  silenceDetail,
  silenceEndsAt,
  type CheckInHabit,
} from "./silence.ts";

const unsaid = planOf();
const byHabit = (longestMs: number, longestBeforeMs: number | null) =>
  patienceOf(unsaid, { longestMs, longestBeforeMs });

test.each<[string, CheckInHabit, number]>([
  ["nobody has watched yet", NO_HABIT, DAY_MS],
  [
    "has not been watched for a whole period",
    { longestMs: HOUR_MS, longestBeforeMs: null },
    DAY_MS,
  ],
  [
    "paused for three days before it was known",
    { longestMs: 3 * DAY_MS, longestBeforeMs: null },
    9 * DAY_MS,
  ],
  ["checks in each minute", { longestMs: MINUTE_MS, longestBeforeMs: 2 * MINUTE_MS }, HOUR_MS],
  ["is off at night", { longestMs: 12 * HOUR_MS, longestBeforeMs: 11 * HOUR_MS }, 36 * HOUR_MS],
  [
    "was off at night until lately",
    { longestMs: MINUTE_MS, longestBeforeMs: 12 * HOUR_MS },
    36 * HOUR_MS,
  ],
  ["checks in once a week", { longestMs: 0, longestBeforeMs: 7 * DAY_MS }, 21 * DAY_MS],
  ["checks in once a month", { longestMs: 0, longestBeforeMs: 30 * DAY_MS }, 30 * DAY_MS],
])(
  "a device that %s is silent after three of its longest pauses, within bounds",
  (_case, habit, silenceMs) => {
    expect(patienceOf(unsaid, habit).silenceMs).toBe(silenceMs);
  },
);

test("a plan says the bounds of what it leaves to habits", () => {
  const words = (ms: number) => secondsWords(ms / SECOND_MS);
  const { msMin, msMax, unknownMs } = HABIT_SILENCE;

  expect(planSentences(unsaid).join(" ")).toContain(
    `after ${words(msMin)} to ${words(msMax)}, and ${words(unknownMs)} while its habit is not known`,
  );
});

test("a plan that says it is not asked about habits", () => {
  const plan = planOf({ timeouts: { silenceSeconds: 120 } });

  expect(patienceOf(plan, { longestMs: DAY_MS, longestBeforeMs: DAY_MS })).toEqual({
    kind: "by-plan",
    silenceMs: 2 * MINUTE_MS,
  });
});

test("whoever pauses for longer is waited for at least as long, and nobody for less than an hour or more than 30 days", () => {
  const pause = fc.integer({ min: 0, max: 60 * DAY_MS });
  fc.assert(
    fc.property(pause, pause, fc.option(pause), (one, other, before) => {
      const [shorter, longer] = one < other ? [one, other] : [other, one];
      const least = byHabit(shorter, before).silenceMs;
      expect(byHabit(longer, before).silenceMs).toBeGreaterThanOrEqual(least);
      expect(least).toBeGreaterThanOrEqual(HOUR_MS);
      expect(least).toBeLessThanOrEqual(30 * DAY_MS);
    }),
  );
});

test("a device that is heard of is not silent; its update stands still after a day at the earliest", () => {
  const patience = byHabit(MINUTE_MS, MINUTE_MS);
  const seenAfter = (ms: number) =>
    silenceEndsAt(patience, { updatedAt: NOW, lastSeenAt: instant(NOW + ms) }) - NOW;

  expect(silenceEndsAt(patience, { updatedAt: NOW, lastSeenAt: null }) - NOW).toBe(HOUR_MS);
  expect(seenAfter(10 * MINUTE_MS)).toBe(HOUR_MS + 10 * MINUTE_MS);
  expect(seenAfter(23 * HOUR_MS + 30 * MINUTE_MS)).toBe(DAY_MS);
});

test("who asks why is told the habit that was used", () => {
  const said = (patience: ReturnType<typeof byHabit>) =>
    explain(facts({ openAssignment: openAssignment({ patience }) }));

  expect(said(byHabit(12 * HOUR_MS, 6 * HOUR_MS))).toMatchObject({
    summary:
      "The device is being updated to 2.0: it was offered and has not begun. It is given up when it is not heard of for 36 h: three times as long as usual, for its longest pause of late was 12 h.",
    earliest: NOW + 36 * HOUR_MS,
  });
  expect(said(byHabit(45_000, 45_000)).summary).toMatch(
    /not heard of for 60 min: its longest pause of late was 45 s\.$/,
  );
  expect(said(byHabit(0, null)).summary).toMatch(/for 24 h: its habit is not known yet\.$/);
  expect(said(patienceOf(planOf({ timeouts: { silenceSeconds: 60 } }), NO_HABIT)).summary).toMatch(
    /has not begun\.$/,
  );
});

test("whose try was ended by it is told too", () => {
  const patience = byHabit(7 * DAY_MS, 7 * DAY_MS);

  expect(patience.kind === "by-habit" && silenceDetail(patience)).toBe(
    "It was not heard of for 21 d: three times as long as usual, for its longest pause of late was 7 d.",
  );
});
