import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@moult/base";
import type { DeviceContact } from "@moult/model";

/** What a device's contact is judged by: the present, and how often the server tells devices to check in. */
export interface ContactClock {
  readonly now: number;
  readonly checkInSeconds: number;
}

/**
 * A device that misses one check-in had a busy network, and one that misses three has a reason that somebody may want to
 * know. The minutes are for short intervals: an update's restart takes longer than three of those.
 */
const LATE_AFTER_INTERVALS = 3;
const LATE_AFTER_MS_MIN = 3 * MINUTE_MS;
/**
 * Machines are switched off over night, so a day is the least that counts as silence. Those that check in every few hours
 * are given a dozen tries, as many as a link that is up for a tenth of the time needs to get through with some certainty.
 */
const SILENT_AFTER_INTERVALS = 12;
const SILENT_AFTER_MS_MIN = 24 * HOUR_MS;

const lateAfterMs = (checkInSeconds: number): number =>
  Math.max(LATE_AFTER_MS_MIN, LATE_AFTER_INTERVALS * checkInSeconds * SECOND_MS);

const silentAfterMs = (checkInSeconds: number): number =>
  Math.max(SILENT_AFTER_MS_MIN, SILENT_AFTER_INTERVALS * checkInSeconds * SECOND_MS);

/** How it stands with a device that was last heard of then. */
export function contactOf(
  lastSeenAt: number | null,
  now: number,
  checkInSeconds: number,
): DeviceContact {
  if (lastSeenAt === null) return "never-seen";
  const ageMs = now - lastSeenAt;
  if (ageMs > silentAfterMs(checkInSeconds)) return "silent";
  return ageMs > lateAfterMs(checkInSeconds) ? "late" : "on-time";
}

/** The last-seen times that a contact stands for, `from` and `before` apart; 0 stands for never. */
export function seenRange(
  contact: DeviceContact,
  { now, checkInSeconds }: ContactClock,
): { readonly from: number; readonly before: number } {
  const late = now - lateAfterMs(checkInSeconds);
  const silent = now - silentAfterMs(checkInSeconds);
  switch (contact) {
    case "never-seen":
      return { from: 0, before: 1 };
    case "silent":
      return { from: 1, before: silent };
    case "late":
      return { from: silent, before: late };
    case "on-time":
      return { from: late, before: Number.MAX_SAFE_INTEGER };
  }
}
