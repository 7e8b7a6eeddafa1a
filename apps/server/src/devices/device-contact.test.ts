import { DeviceContact } from "@moult/model";
import { expect, test } from "vitest";
import { contactOf, seenRange } from "./device-contact.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = 1_000 * HOUR_MS;

test.each<[age: number, checkInSeconds: number, expected: string]>([
  [0, 60, "on-time"],
  [-5_000, 60, "on-time"],
  [3 * MINUTE_MS, 60, "on-time"],
  [3 * MINUTE_MS + 1, 60, "late"],
  // Short intervals are judged by minutes.
  [2 * MINUTE_MS, 5, "on-time"],
  [24 * HOUR_MS, 60, "late"],
  [24 * HOUR_MS + 1, 60, "silent"],
  // A device that checks in twice a day is not silent because it slept.
  [35 * HOUR_MS, 12 * 3_600, "on-time"],
  [37 * HOUR_MS, 12 * 3_600, "late"],
  [144 * HOUR_MS, 12 * 3_600, "late"],
  [145 * HOUR_MS, 12 * 3_600, "silent"],
])("heard of %d ms ago, with a check-in every %d s: %s", (ageMs, checkInSeconds, expected) => {
  expect(contactOf(NOW - ageMs, NOW, checkInSeconds)).toBe(expected);
});

test("a device that never checked in was never seen", () => {
  expect(contactOf(null, NOW, 60)).toBe("never-seen");
});

test("a filter by contact finds exactly the devices that are shown with it", () => {
  for (const checkInSeconds of [1, 60, 43_200])
    for (const seenAt of [null, 1, NOW, NOW + 1, ...edges(checkInSeconds)]) {
      const fitting = DeviceContact.options.filter((contact) => {
        const { from, before } = seenRange(contact, { now: NOW, checkInSeconds });
        return (seenAt ?? 0) >= from && (seenAt ?? 0) < before;
      });

      expect(fitting).toEqual([contactOf(seenAt, NOW, checkInSeconds)]);
    }
});

/** Instants around the bounds, found by looking at every minute. */
function edges(checkInSeconds: number): number[] {
  const found: number[] = [];
  for (let at = NOW - 200 * HOUR_MS; at < NOW; at += MINUTE_MS)
    if (contactOf(at, NOW, checkInSeconds) !== contactOf(at + MINUTE_MS, NOW, checkInSeconds))
      found.push(at - 1, at, at + 1, at + MINUTE_MS - 1, at + MINUTE_MS, at + MINUTE_MS + 1);
  return found;
}
