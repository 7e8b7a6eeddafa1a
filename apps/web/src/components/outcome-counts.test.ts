import type { Tally } from "@moult/model";
import { expect, test } from "vitest";
import { endedIn, outcomeCounts, outcomeShares, reachOf } from "./outcome-counts.ts";

const none: Tally = {
  eligible: 0,
  admitted: 0,
  open: 0,
  succeeded: 0,
  alreadyRunning: 0,
  failed: 0,
  rolledBack: 0,
  rejected: 0,
  timedOut: 0,
  silent: 0,
  aborted: 0,
};

test("a bar has those that are done first, those under way next, the failed last", () => {
  const tally = {
    ...none,
    eligible: 100,
    succeeded: 5,
    open: 4,
    silent: 3,
    rolledBack: 2,
    failed: 1,
  };
  expect(outcomeShares(tally).map(({ word, count }) => `${count} ${word}`)).toEqual([
    "5 succeeded",
    "4 under way",
    "3 silent",
    "2 rolled back",
    "1 failed",
  ]);
});

test("what matters is said also when it is none, the rest only when there is some", () => {
  expect(outcomeCounts(none).map(({ outcome }) => outcome)).toEqual([
    "succeeded",
    "rolled-back",
    "failed",
  ]);
  expect(outcomeCounts({ ...none, timedOut: 1 }).map(({ outcome }) => outcome)).toContain(
    "timed-out",
  );
});

test("devices that left the target are still part of the whole", () => {
  const tally = { ...none, eligible: 2, succeeded: 3, failed: 1, open: 1 };
  expect(reachOf(tally)).toBe(5);
  expect(endedIn(tally)).toBe(4);
  expect(reachOf({ ...none, eligible: 10, succeeded: 3 })).toBe(10);
});
