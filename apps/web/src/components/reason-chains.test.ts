import type { DeploymentId } from "@moult/model";
import { expect, test } from "vitest";
import { chainsOf, explanationText } from "./reason-chains.ts";

const first = "0199a1f0-0000-7000-8000-00000000000a" as DeploymentId;
const second = "0199a1f0-0000-7000-8000-00000000000b" as DeploymentId;
const limit = {
  reason: { kind: "concurrent-limit", deploymentId: first, limit: 10 },
  sentence: "Ten are being updated.",
  deploymentName: "3.0 to pumps",
} as const;
const superseded = {
  reason: {
    kind: "superseded",
    deploymentId: second,
    byDeploymentId: first,
    because: "newer",
  },
  sentence: "A newer deployment decides for this device.",
  deploymentName: "2.0 to pumps",
} as const;

test("each deployment has a chain of its own, in the planner's order", () => {
  expect(chainsOf([limit, superseded]).map(({ deploymentId }) => deploymentId)).toEqual([
    first,
    second,
  ]);
  expect(chainsOf([])).toEqual([]);
});

test("as text, the summary is said once", () => {
  const text = explanationText(
    "pump-1",
    { summary: limit.sentence, reasons: [limit, superseded], earliest: null },
    "2026-01-01T00:00:00Z",
  );

  expect(text).toBe(
    "pump-1: Ten are being updated.\n- 2.0 to pumps: A newer deployment decides for this device.\nAs of 2026-01-01T00:00:00Z.",
  );
});
