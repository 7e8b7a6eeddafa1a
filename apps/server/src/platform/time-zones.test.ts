import { HOUR_MS, instant } from "@moult/base";
import { expect, test } from "vitest";
import { timeZone } from "./time-zones.ts";

const OFFSET_MINUTES_MAX = 15 * 60;

test("the clocks of every zone show what Node shows for it", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const shown = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    for (
      let at = Date.parse("2026-11-28T00:00Z");
      at < Date.parse("2027-11-28T00:00Z");
      at += 2_000 * HOUR_MS
    ) {
      const offsetMs = timeZone(zone)?.(instant(at)) ?? NaN;
      expect([zone, offsetMs]).toEqual([
        zone,
        Date.parse(`${shown.format(at).replace(" ", "T")}Z`) - at,
      ]);
      expect(Math.abs(offsetMs)).toBeLessThan(OFFSET_MINUTES_MAX * 60_000);
    }
  }
});

test.each(["Mars/Olympus", "", "Europe/Berlin\0", "device", "a".repeat(10_000)])(
  "the server has no clocks for %j",
  (name) => {
    expect(timeZone(name)).toBeUndefined();
  },
);

test("clocks that are ahead by half hours, or behind, are", () => {
  const winter = instant(Date.parse("2027-01-01T00:00Z"));
  expect(timeZone("Asia/Kolkata")?.(winter)).toBe(5.5 * HOUR_MS);
  expect(timeZone("America/St_Johns")?.(winter)).toBe(-3.5 * HOUR_MS);
  expect(timeZone("UTC")?.(winter)).toBe(0);
});
