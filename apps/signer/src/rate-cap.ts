import { MINUTE_MS, type Clock } from "@moult/base";

/**
 * At most `perMinute` installs are signed in any minute: a bound on how fast a server that was taken over can move a fleet.
 * A bucket that fills evenly, so that a burst is followed by the same rate, not by silence.
 */
export function createRateCap(perMinute: number, clock: Clock): () => boolean {
  let available = perMinute;
  let filledAt = clock.now();
  return () => {
    const now = clock.now();
    available = Math.min(
      perMinute,
      available + (Math.max(0, now - filledAt) / MINUTE_MS) * perMinute,
    );
    filledAt = now;
    if (available < 1) return false;
    available -= 1;
    return true;
  };
}
