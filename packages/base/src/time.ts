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

/**
 * An instant as the wire has it, `2026-12-01T08:00:00.000Z`, without `Date`, which the brains do not have. Days are turned
 * into a date by the proleptic Gregorian calendar that begins its years in March (Hinnant, "chrono-compatible low-level
 * date algorithms").
 */
export function isoText(at: InstantMs): string {
  const days = Math.floor(at / DAY_MS);
  const ms = at - days * DAY_MS;
  const sinceMarch0000 = days + 719_468;
  const era = Math.floor(sinceMarch0000 / 146_097);
  const dayOfEra = sinceMarch0000 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const digits = (value: number, width = 2): string => String(value).padStart(width, "0");
  const clock = [HOUR_MS, MINUTE_MS, SECOND_MS].map((unit, index) =>
    digits(Math.floor(ms / unit) % (index === 0 ? 24 : 60)),
  );
  return `${digits(year, 4)}-${digits(month)}-${digits(day)}T${clock.join(":")}.${digits(ms % SECOND_MS, 3)}Z`;
}
