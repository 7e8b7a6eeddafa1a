import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

const NAMES = ["device list", "device show", "deployment list", "login", "release upload"];

test.each([
  ["device lsit", "device list"],
  ["devcie list", "device list"],
  ["deployments list", "deployment list"],
  ["logn", "login"],
  ["release up", "release upload"],
  ["reboot", undefined],
  ["x", undefined],
])("%s was meant to be %s", (typed, meant) => {
  expect(nearestName(typed, NAMES)).toBe(meant);
});
