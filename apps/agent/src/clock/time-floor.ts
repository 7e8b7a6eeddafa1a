import { MINUTE_MS, later, type InstantMs } from "@moult/base";

/**
 * The instant this version was released. No clock before it is right, also on a device that never heard of a server.
 * It is part of the source, not of the build, so that the same source gives the same bundle.
 */
export const RELEASED_AT_MS = Date.UTC(2026, 10, 20);

export interface RaisedFloor {
  readonly at: InstantMs;
  /** Whether the signed time lies beyond the device's own clock, so that the day's jump was drawn on. */
  readonly hasJumped: boolean;
}

/**
 * The time floor after an answer that was signed at `issuedAt`. It never sinks. A server that lies about the time must
 * not be able to push a device's clock past the end of every certificate: beyond what the device's own clock shows, the
 * floor rises by at most `jumpMsMax`, which the caller grants once a day.
 */
export function raisedFloor(
  floor: InstantMs,
  issuedAt: InstantMs,
  now: InstantMs,
  jumpMsMax: number,
): RaisedFloor {
  const reference = now > floor ? now : floor;
  const ceiling = later(reference, jumpMsMax);
  const offered = issuedAt < ceiling ? issuedAt : ceiling;
  return { at: offered > floor ? offered : floor, hasJumped: issuedAt > reference };
}

/** How a clock compares with the floor. Some minutes behind are no fault: the server's clock may be ahead of ours. */
export type ClockReading = "ok" | "behind";

const TOLERANCE_MS = 10 * MINUTE_MS;

export const readClock = (now: InstantMs, floor: InstantMs): ClockReading =>
  now < floor - TOLERANCE_MS ? "behind" : "ok";
