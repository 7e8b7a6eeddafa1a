import { present } from "@moult/base";
import type { GroupId, ReleaseId } from "@moult/model";
import { expect, test } from "vitest";
import {
  deploymentBody,
  missingOf,
  planOf,
  targetKindOf,
  targetOf,
  withExcludedQuery,
} from "./deployment-draft.ts";

const releaseId = "00000000-0000-4000-8000-000000000001" as ReleaseId;
const groupId = "00000000-0000-4000-8000-000000000002" as GroupId;

test("nobody is chosen until somebody chooses", () => {
  expect(targetOf({})).toBeUndefined();
  expect(missingOf({ releaseId }, planOf({}, undefined).plan)).toBe("choose the devices first");
});

test("a link that names a group or devices has chosen them", () => {
  expect(targetKindOf({ groupId })).toBe("group");
  expect(targetOf({ deviceIds: "a,b" })).toEqual({ kind: "devices", deviceIds: ["a", "b"] });
});

test("a query is the target once it is one", () => {
  expect(targetOf({ target: "query" })).toBeUndefined();
  expect(targetOf({ query: "running <" })).toBeUndefined();
  expect(missingOf({ releaseId, query: "running <" }, planOf({}, undefined).plan)).toBe(
    "write the query first",
  );
  expect(targetOf({ query: "running < 2" })).toEqual({ kind: "query", query: "running < 2" });
});

test("a target is narrowed by what the address says, and is none while that cannot be read", () => {
  const exclude = JSON.stringify({ groupIds: [groupId] });
  expect(targetOf({ target: "all", frozen: "yes", exclude })).toEqual({
    kind: "all",
    membership: "frozen",
    exclude: { groupIds: [groupId] },
  });
  expect(targetOf({ target: "all", exclude: "{nothing" })).toBeUndefined();

  expect(targetOf({ target: "all", holdBack: "2.5" })).toEqual({
    kind: "all",
    holdBackPercent: 2.5,
  });
  const whole = { releaseId, target: "all", holdBack: "100" } as const;
  expect(targetOf(whole)).toBeUndefined();
  expect(missingOf(whole, planOf({}, undefined).plan)).toBe("say how many to hold back first");

  const typed = present(withExcludedQuery({ exclude }, "running <"), "somebody is left out");
  expect(typed).toBe(JSON.stringify({ groupIds: [groupId], query: "running <" }));
  expect(targetOf({ target: "all", exclude: typed })).toBeUndefined();
  expect(missingOf({ releaseId, target: "all", exclude: typed }, planOf({}, undefined).plan)).toBe(
    "say whom to leave out first",
  );
  expect(withExcludedQuery({ exclude: typed }, "")).toBe(exclude);
  expect(withExcludedQuery({}, "")).toBeUndefined();
});

test("another kind of target wins over the group that was chosen before, which is kept", () => {
  expect(targetOf({ target: "all", groupId })).toEqual({ kind: "all" });
  expect(targetOf({ target: "group", groupId })).toEqual({ kind: "group", groupId });
});

test("the server is asked only when release, devices and plan are there", () => {
  const { plan } = planOf({}, undefined);
  expect(deploymentBody({ target: "all" }, plan)).toBeUndefined();
  expect(deploymentBody({ releaseId, target: "group" }, plan)).toBeUndefined();
  expect(deploymentBody({ releaseId, target: "all" }, undefined)).toBeUndefined();
  expect(deploymentBody({ releaseId, target: "all" }, plan)).toEqual({
    releaseId,
    target: { kind: "all" },
    plan,
  });
});

test("an own plan starts from the careful one", () => {
  expect(planOf({ plan: "own" }, undefined).plan).toEqual(planOf({}, undefined).plan);
});
