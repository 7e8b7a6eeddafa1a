import fc from "fast-check";
import { expect, test } from "vitest";
import { isoInstantMs } from "./iso-instant.ts";

test("every second between 1970 and 9999 is read as the calendar counts it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
      const text = new Date(second * 1_000).toISOString();
      expect(isoInstantMs(text)).toBe(second * 1_000);
      expect(isoInstantMs(text.replace(".000Z", "Z"))).toBe(second * 1_000);
    }),
  );
});

test.each([
  "2030",
  "garbage",
  "",
  "2030-01-01",
  "2030-01-01T00:00:00",
  "2030-01-01T00:00:00+00:00",
  "2030-01-01 00:00:00Z",
  "2030-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2030-13-01T00:00:00Z",
  "2030-00-01T00:00:00Z",
  "2030-01-00T00:00:00Z",
  "2030-04-31T00:00:00Z",
  "2030-01-01T24:00:00Z",
  "2030-01-01T00:60:00Z",
  "2030-01-01T00:00:60Z",
  "1969-12-31T23:59:59Z",
  "+012030-01-01T00:00:00Z",
])("%s is no instant", (text) => {
  expect(isoInstantMs(text)).toBeUndefined();
});
