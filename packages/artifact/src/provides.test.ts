import fc from "fast-check";
import { expect, test } from "vitest";
import { applyProvides, incompatibilities, isCompatible, matchesGlob } from "./provides.ts";

const DEVICE = { device_type: "board", artifact_name: "release-1", artifact_group: "stable" };

test("a device fits when each depend is provided with one of its values", () => {
  expect(isCompatible({ device_type: ["other", "board"] }, DEVICE)).toBe(true);
  expect(isCompatible({ device_type: ["board"], artifact_group: ["stable"] }, DEVICE)).toBe(true);
  expect(isCompatible({}, {})).toBe(true);
});

test("a device that does not fit is told every reason", () => {
  const depends = { device_type: ["other"], kernel: ["6"], artifact_name: ["release-1"] };

  expect(incompatibilities(depends, DEVICE)).toEqual([
    { kind: "other-value", name: "device_type", accepted: ["other"], provided: "board" },
    { kind: "not-provided", name: "kernel", accepted: ["6"] },
  ]);
});

test("what every object inherits is not provided", () => {
  expect(isCompatible({ toString: ["x"] }, {})).toBe(false);
  expect(isCompatible({ constructor: ["x"] }, DEVICE)).toBe(false);
});

test.each<[string, string, boolean]>([
  ["*", "", true],
  ["*", "anything", true],
  ["rootfs-image.*", "rootfs-image.version", true],
  ["rootfs-image.*", "rootfs-image.", true],
  ["rootfs-image.*", "rootfs-image", false],
  ["rootfs-image.*", "rootfs_image.version", false],
  ["*.version", "rootfs-image.version", true],
  ["*.version", "version", false],
  ["a*b*c", "abc", true],
  ["a*b*c", "aXbXbXc", true],
  ["a*b*c", "acb", false],
  ["a*a", "a", false],
  ["ab*ba", "aba", false],
  ["exact", "exact", true],
  ["exact", "exactly", false],
  ["", "", true],
  ["", "x", false],
  ["a.c", "abc", false],
  ["[ab]", "a", false],
  ["?", "a", false],
])("the pattern %j and the name %j match: %s", (pattern, name, expected) => {
  expect(matchesGlob(pattern, name)).toBe(expected);
});

test("patterns agree with the regular expression they stand for", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const escaped = pattern.replaceAll(".", "\\.").replaceAll("*", "[^]*");
      expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${escaped}$`).test(name));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern of many stars takes no time", () => {
  expect(matchesGlob(`${"a*".repeat(120)}b`, "a".repeat(200))).toBe(false);
});

test("without clears an artifact replaces all that was installed", () => {
  const before = { ...DEVICE, "rootfs-image.version": "1", "app.version": "3" };

  expect(
    applyProvides(before, { provides: { artifact_name: "release-2" }, clearsProvides: ["*"] }),
  ).toEqual({ device_type: "board", artifact_name: "release-2" });
});

test("with clears only what they match goes, and the new is laid over it", () => {
  const before = { ...DEVICE, "rootfs-image.version": "1", "app.version": "3", "app.size": "1" };

  expect(
    applyProvides(before, {
      provides: { artifact_name: "release-2", "app.version": "4" },
      clearsProvides: ["app.*"],
    }),
  ).toEqual({
    device_type: "board",
    artifact_name: "release-2",
    artifact_group: "stable",
    "rootfs-image.version": "1",
    "app.version": "4",
  });
});

test("a group goes when it is cleared, and comes with the artifact that has one", () => {
  const cleared = applyProvides(DEVICE, {
    provides: { artifact_name: "release-2" },
    clearsProvides: ["artifact_group"],
  });
  expect(cleared).toEqual({ device_type: "board", artifact_name: "release-2" });

  const given = applyProvides(cleared, {
    provides: { artifact_name: "release-3", artifact_group: "beta" },
    clearsProvides: [],
  });
  expect(given).toEqual({
    device_type: "board",
    artifact_name: "release-3",
    artifact_group: "beta",
  });
});

test("no artifact changes what kind of device it is", () => {
  const change = { provides: { artifact_name: "x", device_type: "other" }, clearsProvides: ["*"] };

  expect(applyProvides(DEVICE, change)).toEqual({ device_type: "board", artifact_name: "x" });
});
