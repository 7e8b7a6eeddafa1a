import type { Outcome, Tally } from "@moult/model";
import { OUTCOME, type Status } from "../ui/status.ts";
import type { Share } from "../ui/share-bar.tsx";

const COUNT_OF: Readonly<Record<Outcome, (tally: Tally) => number>> = {
  succeeded: ({ succeeded }) => succeeded,
  "already-running": ({ alreadyRunning }) => alreadyRunning,
  silent: ({ silent }) => silent,
  "rolled-back": ({ rolledBack }) => rolledBack,
  failed: ({ failed }) => failed,
  rejected: ({ rejected }) => rejected,
  "timed-out": ({ timedOut }) => timedOut,
  aborted: ({ aborted }) => aborted,
};

/** The order of every bar and every row of counts. */
const ORDER: readonly Outcome[] = [
  "succeeded",
  "already-running",
  "aborted",
  "silent",
  "rolled-back",
  "failed",
  "rejected",
  "timed-out",
];

/** Shown also when they are none: their absence is an answer. */
const ALWAYS: readonly Outcome[] = ["succeeded", "rolled-back", "failed"];

export interface OutcomeCount {
  readonly outcome: Outcome;
  readonly count: number;
  readonly status: Status;
}

/** How many devices ended how, worst last. */
export function outcomeCounts(tally: Tally): readonly OutcomeCount[] {
  return ORDER.map((outcome) => ({
    outcome,
    count: COUNT_OF[outcome](tally),
    status: OUTCOME[outcome],
  })).filter(({ outcome, count }) => count > 0 || ALWAYS.includes(outcome));
}

/** The same as parts of a bar, with those under way after those that are done. */
export function outcomeShares(tally: Tally): readonly Share[] {
  const shares = outcomeCounts(tally).map(({ count, status }): Share => ({
    word: status.word,
    count,
    tone: status.tone,
  }));
  const done = shares.findIndex(({ tone }) => tone !== "good");
  const underWay: Share = { word: "under way", count: tally.open, tone: "move" };
  return done === -1
    ? [...shares, underWay]
    : [...shares.slice(0, done), underWay, ...shares.slice(done)];
}

/** Devices that the deployment has to reach; those that left its target meanwhile count as long as it holds them. */
export const reachOf = (tally: Tally): number =>
  Math.max(tally.eligible, endedIn(tally) + tally.open);

/** Devices that are through with it, however it went. */
export const endedIn = (tally: Tally): number =>
  ORDER.reduce((sum, outcome) => sum + COUNT_OF[outcome](tally), 0);
