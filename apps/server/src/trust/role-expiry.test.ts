import { DAY_MS, instant } from "@moult/base";
import { expect, test } from "vitest";
import { expiryOf, warningOf } from "./role-expiry.ts";

const now = instant(Date.UTC(2026, 10, 28));

test.each([
  [91, null],
  [90, "expires-90d"],
  [31, "expires-90d"],
  [30, "expires-30d"],
  [7, "expires-7d"],
  [0, "expired"],
  [-400, "expired"],
] as const)("a role that ends in %i days warns: %s", (days, warning) => {
  expect(warningOf({ expiresAt: now + days * DAY_MS, isOnline: false }, now)).toBe(warning);
});

test("a role that renews itself warns only when it did not", () => {
  expect(warningOf({ expiresAt: now + DAY_MS, isOnline: true }, now)).toBeNull();
  expect(warningOf({ expiresAt: now - 1, isOnline: true }, now)).toBe("expired");
});

test.each(["2030", "garbage", "", "2030-01-01", "2030-13-01T00:00:00Z", "2030-01-01T00:00:00"])(
  "%j is no end that anybody may rely on",
  (expires) => {
    expect(expiryOf(expires)).toBeUndefined();
  },
);

test("the end of a role is read as TUF writes it", () => {
  expect(expiryOf("2026-11-28T00:00:00Z")).toBe(now);
});
