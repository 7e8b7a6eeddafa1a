import { later, present, type InstantMs } from "@moult/base";
import { expect } from "vitest";
import { decide, type Decision } from "./decide.ts";
import { factsOf, wait, type Fleet } from "./memory-fleet.ts";

/**
 * Nothing changes for a device before the instant that it was told, if nothing but time passes; then it does. A stage that opens
 * meanwhile is news to everybody, and has a rate of its own.
 */
export function checkEarliest(
  { devices, ...fleet }: Fleet,
  index: number,
  { reasons, until }: Extract<Decision, { kind: "wait" }>,
): void {
  if (until === null) return;
  expect(until, "what time changes lies ahead").toBeGreaterThan(fleet.now);
  const isByRate = reasons[0]?.kind === "rate-limit";
  const answerAt = (at: InstantMs): Decision | null => {
    const copy = structuredClone({ ...fleet, devices });
    wait(copy, at - copy.now);
    if (isByRate && copy.stage !== fleet.stage) return null;
    return decide(factsOf(copy, present(copy.devices[index], "the device exists")));
  };
  const before = answerAt(later(until, -1));
  if (before !== null) expect(before).toMatchObject({ kind: "wait", reasons });
  const then = answerAt(until);
  expect(then?.kind === "wait" ? then.reasons : [], "time changes it").not.toEqual(reasons);
}
