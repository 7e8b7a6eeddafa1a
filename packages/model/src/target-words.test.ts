import { expect, test } from "vitest";
import { DeploymentTarget } from "./deployment.ts";
import { targetTermsWords } from "./target-words.ts";

const id = (number: number) => `0198c0de-0001-7000-8000-00000000000${number}`;

test("what narrows a target is said clause by clause", () => {
  const target = DeploymentTarget.parse({
    kind: "all",
    membership: "frozen",
    exclude: { groupIds: [id(1)], deviceIds: [id(2), id(3)], query: "running < 2" },
    holdBackPercent: 5,
  });
  expect(targetTermsWords(target)).toEqual([
    "as it was when the deployment was created",
    "without 1 group",
    "without 2 devices",
    "without those of which it is true: running < 2",
    "with 5 % held back",
  ]);
  expect(targetTermsWords({ kind: "all", membership: "live" })).toEqual([]);
});

test.each([{}, { groupIds: [] }, { devices: [id(1)] }, { query: "" }])(
  "an exclusion %j that excludes nobody is a mistake",
  (exclude) => {
    expect(DeploymentTarget.safeParse({ kind: "all", exclude }).success).toBe(false);
  },
);
