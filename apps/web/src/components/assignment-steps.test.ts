import type { AssignmentId, AssignmentState, FleetEvent } from "@moult/model";
import { expect, test } from "vitest";
import { assignmentSteps } from "./assignment-steps.ts";

const id = "0199a1f0-0000-7000-8000-00000000000a" as AssignmentId;
const progressed = (sequence: number, state: AssignmentState, at: string): FleetEvent => ({
  sequence,
  at,
  deviceId: null,
  deviceName: null,
  deploymentId: null,
  deploymentName: null,
  assignmentId: id,
  sentence: "",
  body: { kind: "assignment-progressed", state, progressPercent: null },
});
const places = (steps: ReturnType<typeof assignmentSteps>) =>
  steps.map(({ key, place }) => `${key} ${place}`);

test("what lies behind is done, what lies ahead is next", () => {
  const steps = assignmentSteps({ id, state: "downloading", offeredAt: "t0" }, [
    progressed(3, "downloading", "t2"),
    progressed(2, "downloading", "t1"),
  ]);

  expect(places(steps)).toEqual([
    "offered done",
    "downloading current",
    "installing next",
    "activating next",
    "proving next",
    "confirmed next",
  ]);
  expect(steps.map(({ at }) => at).slice(0, 3)).toEqual(["t0", "t1", null]);
});

test("a way back stands after the steps that were walked", () => {
  const steps = assignmentSteps({ id, state: "rolling-back", offeredAt: "t0" }, [
    progressed(4, "rolling-back", "t4"),
    progressed(3, "installing", "t3"),
  ]);

  expect(places(steps)).toEqual(["offered done", "installing done", "rolling-back current"]);
});
