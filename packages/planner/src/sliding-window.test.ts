import { DAY_MS, HOUR_MS, instant, later, MINUTE_MS } from "@moult/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DAY_WINDOW,
  freeAt,
  MINUTE_WINDOW,
  noteTaken,
  takenMax,
  UNUSED,
} from "./sliding-window.ts";

const START = instant(1_800_000_000_000);
const steps = fc.array(
  fc.record({
    waitMs: fc.constantFrom(0, 1, 400, 999, 5_000, 30_000, 59_000, 61_000),
    more: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("no more than the limit is taken in any minute, and at the instant that was named more may be", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (limit, given) => {
      let now = START;
      let use = UNUSED;
      const taken: { at: number; more: number }[] = [];
      for (const { waitMs, more } of given) {
        now = later(now, waitMs);
        const isFree = use.taken + more <= takenMax(MINUTE_WINDOW, use, limit, now);
        if (isFree) {
          use = noteTaken(MINUTE_WINDOW, use, more, now);
          taken.push({ at: now, more });
        } else {
          const until = freeAt(MINUTE_WINDOW, use, limit, more);
          expect(until === null, "more than all of it never is free").toBe(more > limit);
          if (until === null) continue;
          expect(until).toBeGreaterThan(now);
          const before = later(until, -1);
          expect(takenMax(MINUTE_WINDOW, use, limit, before)).toBeLessThan(use.taken + more);
          expect(takenMax(MINUTE_WINDOW, use, limit, until)).toBeGreaterThanOrEqual(
            use.taken + more,
          );
        }
        const inMinute = taken.filter(({ at }) => at > now - 60_000);
        expect(inMinute.reduce((sum, one) => sum + one.more, 0)).toBeLessThanOrEqual(limit);
        expect(use.buckets.length, "few are kept").toBeLessThanOrEqual(125);
      }
    }),
  );
});

test("no more than the limit is taken in any 24 hours, whatever the sizes", () => {
  const sizes = fc.array(
    fc.record({
      waitMs: fc.constantFrom(0, 1_000, MINUTE_MS, HOUR_MS, 7 * HOUR_MS, 23 * HOUR_MS, DAY_MS),
      more: fc.constantFrom(1, 700, 40_000, 1_000_000),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.constantFrom(40_000, 1_000_000, 2_500_000), sizes, (limit, given) => {
      let now = START;
      let use = UNUSED;
      const taken: { at: number; more: number }[] = [];
      for (const { waitMs, more } of given) {
        now = later(now, waitMs);
        if (use.taken + more <= takenMax(DAY_WINDOW, use, limit, now)) {
          use = noteTaken(DAY_WINDOW, use, more, now);
          taken.push({ at: now, more });
        } else {
          const until = freeAt(DAY_WINDOW, use, limit, more);
          expect(until === null).toBe(more > limit);
          if (until !== null) {
            expect(until).toBeGreaterThan(now);
            expect(takenMax(DAY_WINDOW, use, limit, until)).toBeGreaterThanOrEqual(
              use.taken + more,
            );
          }
        }
        const inDay = taken.filter(({ at }) => at > now - DAY_MS);
        expect(inDay.reduce((sum, one) => sum + one.more, 0)).toBeLessThanOrEqual(limit);
        expect(use.buckets.length, "few are kept").toBeLessThanOrEqual(100);
      }
    }),
  );
});

test("all of the limit may be taken at once, and then nothing for a minute", () => {
  const use = noteTaken(MINUTE_WINDOW, UNUSED, 10, START);

  expect(takenMax(MINUTE_WINDOW, use, 10, later(START, 62_999))).toBe(10);
  expect(freeAt(MINUTE_WINDOW, use, 10, 1)).toBe(later(START, 63_000));
  expect(takenMax(MINUTE_WINDOW, use, 10, later(START, 63_000))).toBe(20);
});

test("a clock that went back makes no room for itself", () => {
  const use = noteTaken(MINUTE_WINDOW, UNUSED, 10, START);
  const back = later(START, -3_600_000);
  expect(takenMax(MINUTE_WINDOW, use, 10, back)).toBe(10);

  const more = noteTaken(MINUTE_WINDOW, use, 1, back);
  expect(takenMax(MINUTE_WINDOW, more, 11, START)).toBe(11);
});
