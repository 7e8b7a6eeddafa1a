import { MINUTE_MS, type Clock } from "@moult/base";

/** Takes one offer under the cap; false when there is no room. */
export type TakeInstall = (assignmentId: string, attempt: number) => boolean;

/** Twice as many at most. What is forgotten is counted once more. */
const REMEMBERED_MAX = 100_000;

/**
 * At most `perMinute` installs are signed in any minute: a bound on how fast a server that was taken over can move a fleet.
 * A bucket that fills evenly, so that a burst is followed by the same rate, not by silence.
 * An offer that is signed again moves no further device, so it is free.
 */
export function createRateCap(perMinute: number, clock: Clock): TakeInstall {
  let taken = new Set<string>();
  let takenBefore = new Set<string>();
  let available = perMinute;
  let filledAt = clock.now();
  return (assignmentId, attempt) => {
    const offer = `${assignmentId} ${attempt}`;
    if (taken.has(offer) || takenBefore.has(offer)) return true;
    const now = clock.now();
    available = Math.min(
      perMinute,
      available + (Math.max(0, now - filledAt) / MINUTE_MS) * perMinute,
    );
    filledAt = now;
    if (available < 1) return false;
    available -= 1;
    taken.add(offer);
    if (taken.size >= REMEMBERED_MAX) {
      takenBefore = taken;
      taken = new Set();
    }
    return true;
  };
}
