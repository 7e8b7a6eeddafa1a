import { randomBytes } from "node:crypto";

/** Random bits are cheaper in bulk: one call to the system for many identifiers. */
const POOL_BYTES = 10 * 256;

let pool = Buffer.alloc(0);
let used = 0;
let lastMs = 0;

/**
 * A UUID of version 7 (RFC 9562 section 5.7): sorts by time, so that new rows go to the end of an index. Later ones of this
 * process never carry an earlier millisecond, even when the clock is set back. `Id` is the brand it gets.
 */
export function newId<Id extends string = string>(nowMs: number = Date.now()): Id {
  if (used + 10 > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  lastMs = Math.max(lastMs, nowMs);
  const time = lastMs.toString(16).padStart(12, "0");
  const random = pool.toString("hex", used, used + 10);
  used += 10;
  const variant = ((Number.parseInt(random.charAt(3), 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}` as Id;
}
