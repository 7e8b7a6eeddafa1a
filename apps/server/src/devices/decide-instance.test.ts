import { expect, test } from "vitest";
import { decideInstance, type InstanceDecision } from "./decide-instance.ts";

/** Plays starts of the agent in the order in which they check in. */
function play(instances: readonly string[]): InstanceDecision[] {
  let instanceId: string | null = null;
  let previousInstanceId: string | null = null;
  return instances.map((spoke) => {
    const decision = decideInstance({ instanceId, previousInstanceId }, spoke);
    if (decision !== "same") [instanceId, previousInstanceId] = [spoke, instanceId];
    return decision;
  });
}

test("a machine that restarts is the same machine", () => {
  expect(play(["a", "a", "b", "b", "c", "c"])).toEqual([
    "took-over",
    "same",
    "took-over",
    "same",
    "took-over",
    "same",
  ]);
});

test("two machines that take turns are a conflict at the third turn", () => {
  expect(play(["a", "b", "a", "b"])).toEqual(["took-over", "took-over", "conflict", "conflict"]);
});
