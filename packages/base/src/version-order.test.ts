import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "./version-order.ts";

test("versions stand in the order that Semantic Versioning gives", () => {
  const inOrder = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "18446744073709551615.0.0",
    "18446744073709551616.0.0",
  ];
  for (const [place, version] of inOrder.entries())
    for (const [otherPlace, other] of inOrder.entries())
      expect([version, other, Math.sign(compareVersions(version, other) ?? NaN)]).toEqual([
        version,
        other,
        Math.sign(place - otherPlace),
      ]);
});

test.each([
  ["v1.4.0", "1.4.0"],
  ["1.4", "1.4.0"],
  ["1.4.0+build.7", "1.4.0+build.8"],
  ["2024.01", "2024.1"],
  ["1.2.3.0", "1.2.3"],
])("%s and %s are one version", (left, right) => {
  expect(compareVersions(left, right)).toBe(0);
});

test.each(["", "7", "1234567", "nightly", "1.0.0-", "1..0", "1.0_2", "release-1.0"])(
  "%s has no place among versions",
  (text) => {
    expect(compareVersions(text, "1.0.0")).toBeUndefined();
    expect(compareVersions("1.0.0", text)).toBeUndefined();
  },
);

test("the order of versions is one: turned over it is its opposite, and it holds through a third", () => {
  const identifier = fc.constantFrom("0", "1", "10", "a", "b", "rc", "-");
  const version = fc
    .tuple(
      fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 4 }),
      fc.array(identifier, { maxLength: 3 }),
    )
    .map(([numbers, pre]) => numbers.join(".") + (pre.length === 0 ? "" : `-${pre.join(".")}`));
  const sign = (left: string, right: string): number =>
    Math.sign(compareVersions(left, right) ?? NaN);
  fc.assert(
    fc.property(version, version, version, (one, two, three) => {
      expect(sign(one, two)).toBe(0 - sign(two, one));
      if (sign(one, two) <= 0 && sign(two, three) <= 0)
        expect(sign(one, three)).toBeLessThanOrEqual(0);
    }),
  );
});
