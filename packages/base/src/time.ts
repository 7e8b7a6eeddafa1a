/** Milliseconds since 1970-01-01T00:00:00Z. Inside the brains time is this number; on the wire it is an ISO string. */
export type InstantMs = number & { readonly __brand: "InstantMs" };

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Brands a number of milliseconds since the epoch. */
export const instant = (ms: number): InstantMs => ms as InstantMs;

/** `at` moved by `deltaMs`. */
export const later = (at: InstantMs, deltaMs: number): InstantMs => (at + deltaMs) as InstantMs;
