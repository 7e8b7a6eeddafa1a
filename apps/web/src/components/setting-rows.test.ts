import { expect, test } from "vitest";
import { settingRows } from "./setting-rows.ts";

const at = "2026-01-05T12:00:00.000Z";

test("settings that the device has not taken come first, each with what is wanted and what is", () => {
  const settings = { proxy: "none", level: "debug", zone: "UTC" };
  const configuration = {
    desired: { settings, by: "Ada", at },
    reported: { settings: { level: "info", zone: "UTC", theirs: "1" }, at },
  };

  expect(settingRows(configuration)).toEqual([
    { name: "level", wanted: "debug", reported: "info" },
    { name: "proxy", wanted: "none", reported: undefined },
    { name: "theirs", wanted: undefined, reported: "1" },
    { name: "zone", wanted: "UTC", reported: "UTC" },
  ]);
  expect(settingRows({ desired: null, reported: null })).toEqual([]);
});
