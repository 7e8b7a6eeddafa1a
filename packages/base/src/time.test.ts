import fc from "fast-check";
import { expect, test } from "vitest";
import { instant, isoText } from "./time.ts";

test("an instant is written as the wire has it", () => {
  const years = { min: Date.UTC(1600, 0, 1), max: Date.UTC(9999, 11, 31) };
  fc.assert(
    fc.property(fc.integer(years), (ms) => {
      expect(isoText(instant(ms))).toBe(new Date(ms).toISOString());
    }),
  );
  expect(isoText(instant(Date.UTC(2028, 1, 29, 23, 59, 59, 999)))).toBe("2028-02-29T23:59:59.999Z");
});
