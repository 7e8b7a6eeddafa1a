import { AssignmentState, DeploymentState } from "@moult/model";
import { expect, test } from "vitest";
import { assignmentStep, isBeforeInstall, type AssignmentMove } from "./assignment-transitions.ts";
import { deploymentStep, isActive, type DeploymentMove } from "./deployment-transitions.ts";

test.each<[AssignmentState, AssignmentMove, string]>([
  ["offered", "downloading", "downloading"],
  ["offered", "installing", "installing"],
  ["downloading", "downloading", "downloading"],
  ["installing", "downloading", "ignored"],
  ["proving", "rolling-back", "rolling-back"],
  ["rolling-back", "proving", "ignored"],
  ["rolling-back", "retry", "retry-pending"],
  ["retry-pending", "offer", "offered"],
  ["retry-pending", "installing", "refused"],
  ["closed", "installing", "refused"],
  ["closed", "close", "refused"],
  ["closed", "correct", "closed"],
  ["closed", "offer", "offered"],
  ["closed", "again", "retry-pending"],
  ["retry-pending", "again", "retry-pending"],
  ["offered", "again", "refused"],
  ["proving", "correct", "refused"],
])("an assignment that is %s, moved by %s: %s", (state, move, after) => {
  expect(assignmentStep(state, move)).toBe(after);
});

test("reports never take an assignment back to where it was", () => {
  const order = ["offered", "downloading", "installing", "activating", "proving", "rolling-back"];
  const moves = ["downloading", "installing", "activating", "proving", "rolling-back"] as const;
  for (const [index, state] of order.entries())
    for (const move of moves) {
      const after = assignmentStep(AssignmentState.parse(state), move);
      if (after !== "ignored") expect(order.indexOf(after)).toBeGreaterThanOrEqual(index);
    }
});

test("an offer can be taken back until the device begins to install", () => {
  const states = AssignmentState.options.filter((state) => isBeforeInstall(state));
  expect(states).toEqual(["offered", "downloading"]);
});

test("what may become of a deployment", () => {
  const moves: readonly DeploymentMove[] = ["pause", "resume", "abort", "trip", "finish"];
  const table = Object.fromEntries(
    DeploymentState.options.map((state) => [
      state,
      moves.flatMap((move) => deploymentStep(state, move) ?? []),
    ]),
  );

  expect(table).toEqual({
    running: ["paused", "aborted", "tripped", "finished"],
    paused: ["running", "aborted", "tripped"],
    tripped: ["running", "aborted"],
    finished: [],
    aborted: [],
  });
  // Over is over: what is not active can never move again.
  for (const state of DeploymentState.options)
    expect(isActive(state)).toBe((table[state]?.length ?? 0) > 0);
});
