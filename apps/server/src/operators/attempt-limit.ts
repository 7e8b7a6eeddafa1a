import type { Clock } from "@moult/base";

/** How often something may be tried: a bucket of `attemptsMax` that fills evenly within `windowMs`. */
export interface AttemptLimit {
  /** Takes one attempt of `key`; false when it has none left. */
  take(key: string): boolean;
  /** Gives all attempts back: it was the right person after all. */
  forgive(key: string): void;
}

/** Keys that are remembered; those that did not try for longest are forgotten first. */
const KEYS_MAX = 20_000;

/** Kept in memory of each replica: a guess that has to wait for a restart is slow enough. */
export function createAttemptLimit(
  { attemptsMax, windowMs }: { readonly attemptsMax: number; readonly windowMs: number },
  clock: Clock,
): AttemptLimit {
  const buckets = new Map<string, { left: number; filledAt: number }>();
  return {
    take: (key) => {
      const now = clock.now();
      const bucket = buckets.get(key) ?? { left: attemptsMax, filledAt: now };
      const refill = (Math.max(0, now - bucket.filledAt) / windowMs) * attemptsMax;
      bucket.left = Math.min(attemptsMax, bucket.left + refill);
      bucket.filledAt = now;
      buckets.delete(key);
      buckets.set(key, bucket);
      const oldest = buckets.size > KEYS_MAX ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      if (bucket.left < 1) return false;
      bucket.left -= 1;
      return true;
    },
    forgive: (key) => void buckets.delete(key),
  };
}
