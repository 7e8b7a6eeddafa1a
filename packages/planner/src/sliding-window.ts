import { DAY_MS, later, MINUTE_MS, SECOND_MS, type InstantMs } from "@moult/base";

// Limits over time hold in every span of the window's length, wherever it begins: a counter that starts anew with each
// minute would let twice as many through around its turn.
//
// What was taken is kept as a sum that only grows, and for each bucket of time the sum as it was when the bucket began. So
// "at most N in the window" is "the sum stays below N more than it was before the window", a bound that holds however old
// it is and however many servers ask at once. What is in a bucket counts until all of the bucket has left the window.

/** How long a window is, and how finely it knows. */
export interface WindowRule {
  readonly spanMs: number;
  readonly bucketMs: number;
}

/**
 * How far servers' clocks may be apart, together with the time that an answer takes from its instant until it is stored, so
 * that a limit still holds.
 */
export const SLACK_MS = 2 * SECOND_MS;

/** Any 60 seconds. */
export const MINUTE_WINDOW: WindowRule = {
  spanMs: MINUTE_MS + SLACK_MS,
  bucketMs: SECOND_MS,
};

/**
 * Any 24 hours. Every answer reads the buckets, and every offer keeps them with the facts that decided it: fifty are few, and
 * what they make of a limit is a fiftieth less than it.
 */
export const DAY_WINDOW: WindowRule = {
  spanMs: DAY_MS + SLACK_MS,
  bucketMs: 30 * MINUTE_MS,
};

/** A bucket in which something was taken. */
interface WindowBucket {
  /** When it begins. */
  readonly at: InstantMs;
  /** How much was taken in all before it. */
  readonly before: number;
}

/** What was taken, with the buckets that are not over by long. */
export interface WindowUse {
  /** In all, ever. */
  readonly taken: number;
  /** The oldest first; sums grow with them. */
  readonly buckets: readonly WindowBucket[];
}

export const UNUSED: WindowUse = { taken: 0, buckets: [] };

/** Buckets that began at this instant or before are of no account. */
export const windowBegin = ({ spanMs, bucketMs }: WindowRule, now: InstantMs): InstantMs =>
  later(now, -(spanMs + bucketMs));

/** Buckets that began before this instant are kept no longer: no clock that is about right asks for them. */
export const forgottenBefore = ({ spanMs, bucketMs }: WindowRule, now: InstantMs): InstantMs =>
  later(now, -2 * (spanMs + bucketMs));

const leavesAt = ({ spanMs, bucketMs }: WindowRule, { at }: WindowBucket): InstantMs =>
  later(at, bucketMs + spanMs);

/** The bucket of an instant. */
export const bucketAt = ({ bucketMs }: WindowRule, now: InstantMs): InstantMs =>
  later(now, -(now % bucketMs));

/** The most that may be taken in all, ever, by an answer of this instant. */
export function takenMax(
  rule: WindowRule,
  { taken, buckets }: WindowUse,
  limit: number,
  now: InstantMs,
): number {
  const first = buckets.find((bucket) => leavesAt(rule, bucket) > now);
  return (first?.before ?? taken) + limit;
}

/** When so much more may be taken, if nothing else is; null when it is more than the limit itself. */
export function freeAt(
  rule: WindowRule,
  { taken, buckets }: WindowUse,
  limit: number,
  more: number,
): InstantMs | null {
  if (more > limit) return null;
  const inTheWay = buckets.findLast(({ before }) => before + limit < taken + more);
  return inTheWay === undefined ? null : leavesAt(rule, inTheWay);
}

/**
 * Notes what is taken at an instant. By a clock that is behind it goes into the latest bucket there is, and so counts for
 * longer.
 */
export function noteTaken(
  rule: WindowRule,
  { taken, buckets }: WindowUse,
  more: number,
  now: InstantMs,
): WindowUse {
  const at = bucketAt(rule, now);
  const last = buckets.at(-1);
  const kept = buckets.filter((bucket) => bucket.at >= forgottenBefore(rule, now));
  return {
    taken: taken + more,
    buckets: last !== undefined && last.at >= at ? kept : [...kept, { at, before: taken }],
  };
}
