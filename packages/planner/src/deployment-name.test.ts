import type {
  DeploymentTarget,
  DeviceId,
  GroupId,
  ProductName,
  ReleaseVersion,
} from "@moult/model";
import { expect, test } from "vitest";
import { deploymentName } from "./deployment-name.ts";

const release = { product: "pump" as ProductName, version: "3.0" as ReleaseVersion };

test.each<[DeploymentTarget, string | undefined, string]>([
  [{ kind: "all" }, undefined, "3.0 to all of pump"],
  [{ kind: "group", groupId: "g" as GroupId }, "kiosks", "3.0 to kiosks"],
  [{ kind: "group", groupId: "g" as GroupId }, undefined, "3.0 to a group"],
  [{ kind: "query", query: "running < 2.0" }, undefined, "3.0 to running < 2.0"],
  [{ kind: "devices", deviceIds: ["a" as DeviceId] }, undefined, "3.0 to 1 device"],
  [
    { kind: "devices", deviceIds: ["a" as DeviceId, "b" as DeviceId] },
    undefined,
    "3.0 to 2 devices",
  ],
])("a deployment to %j of the group %j is called %j", (target, group, name) => {
  expect(deploymentName(release, target, group)).toBe(name);
});

test("a name is as long as a person may make one, in whole characters", () => {
  const long = deploymentName(
    release,
    { kind: "group", groupId: "g" as GroupId },
    "😀".repeat(200),
  );

  expect(Array.from(long)).toHaveLength(128);
  expect(long.endsWith("😀")).toBe(true);
});
