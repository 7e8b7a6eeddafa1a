import fc from "fast-check";
import { expect, test } from "vitest";
import { PLACES, placeOf, placeThreshold } from "./place.ts";

const number = fc.integer({ min: 1, max: PLACES - 1 });

test("two devices never share a place in a deployment", () => {
  fc.assert(
    fc.property(number, number, number, (left, right, salt) => {
      fc.pre(left !== right);
      expect(placeOf(left, salt)).not.toBe(placeOf(right, salt));
    }),
  );
});

test("places are whole numbers below 2^31 - 1, the same as exact arithmetic gives", () => {
  expect(placeOf(PLACES - 1, PLACES - 1)).toBe(1);
  expect(placeOf(2, (PLACES - 1) / 2)).toBe(PLACES - 1);
  expect(placeOf(123_456_789, 987_654_321)).toBe(
    Number((123_456_789n * 987_654_321n) % 2_147_483_647n),
  );
  expect(placeThreshold(100)).toBe(PLACES);
});

test("a salt spreads the devices: a tenth of the places holds about a tenth of the devices", () => {
  const salt = 1_234_567_891;
  const below = Array.from({ length: 10_000 }, (_, index) => placeOf(index + 1, salt)).filter(
    (place) => place < placeThreshold(10),
  ).length;

  expect(below).toBeGreaterThan(900);
  expect(below).toBeLessThan(1_100);
});
