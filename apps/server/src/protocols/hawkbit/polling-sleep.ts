import { hash } from "node:crypto";

/** Of none at all clients make a time of their own. */
const SECONDS_MIN = 1;
const SECONDS_MAX = 24 * 3_600 - 1;
/** Clients obey the time literally and add nothing of their own, so those that start together would always ask together. */
const JITTER = 0.15;

/** How long a client sleeps between two polls, `HH:MM:SS`: about as long as was asked for, always the same for one device. */
export function pollingSleep(controllerId: string, seconds: number): string {
  const draw = hash("sha256", controllerId, "buffer").readUInt32BE(0) / 2 ** 32;
  const own = Math.round(seconds * (1 - JITTER + 2 * JITTER * draw));
  const bounded = Math.min(SECONDS_MAX, Math.max(SECONDS_MIN, own));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(bounded / 3_600))}:${two(Math.floor(bounded / 60) % 60)}:${two(bounded % 60)}`;
}
