import { expect, test } from "vitest";
import { bytes, count, counted, percent } from "./number.ts";

test.each([
  [0, 100, "0 %"],
  [1, 100_000, "< 0.1 %"],
  [99_999, 100_000, "> 99.9 %"],
  [100, 100, "100 %"],
  [999, 1_000, "99 %"],
  [5, 1_000, "0.5 %"],
  [96, 1_000, "9.6 %"],
  [2, 8, "2 of 8"],
  [0, 0, "0 of 0"],
])("%i of %i is %j", (part, whole, expected) => {
  expect(percent(part, whole, "en")).toBe(expected);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1 kB"],
  [1_500, "1.5 kB"],
  [999_499, "999 kB"],
  [999_600, "1 MB"],
  [212_000_000, "212 MB"],
  [4 * 1024 ** 3, "4.3 GB"],
])("%i bytes are %j", (value, expected) => {
  expect(bytes(value, "en")).toBe(expected);
});

test("counts are exact until they are too long to read", () => {
  expect(count(12_431, "en")).toBe("12,431");
  expect(count(1_240_000, "en")).toBe("1.2M");
  expect(count(12_431, "de")).toBe("12.431");
  expect(counted(1, "device")).toBe("1 device");
  expect(counted(2, "assignment that failed", "assignments that failed")).toBe(
    "2 assignments that failed",
  );
});
