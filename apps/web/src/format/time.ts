import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@moult/base";

const JUST_NOW_MS = 45 * SECOND_MS;
const RELATIVE_DAYS_MAX = 6;

/** "3 min ago", "in 40 min", "2 Nov", "2 Nov 2025": as far as a person counts, then the day. */
export function relativeTime(atMs: number, nowMs: number, locale?: string): string {
  const deltaMs = atMs - nowMs;
  const distanceMs = Math.abs(deltaMs);
  if (distanceMs < JUST_NOW_MS) return "just now";
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  if (distanceMs < HOUR_MS) return relative.format(away(deltaMs, MINUTE_MS), "minute");
  if (distanceMs < DAY_MS) return relative.format(away(deltaMs, HOUR_MS), "hour");
  if (distanceMs < (RELATIVE_DAYS_MAX + 1) * DAY_MS)
    return relative.format(Math.trunc(deltaMs / DAY_MS), "day");
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  }).format(atMs);
}

/** Whole units, never zero: 50 s away is a minute. */
const away = (deltaMs: number, unitMs: number): number =>
  Math.sign(deltaMs) * Math.max(1, Math.round(Math.abs(deltaMs) / unitMs));

/** With seconds, in the reader's zone and in UTC: what hovering shows. */
export function exactTime(atMs: number, locale?: string): string {
  const local = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });
  return `${local.format(atMs)} (${utcTime(atMs)})`;
}

export const utcTime = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** Hours, minutes and seconds of the reader's zone. */
export const clockTime = (atMs: number, locale?: string): string =>
  new Intl.DateTimeFormat(locale, { timeStyle: "medium" }).format(atMs);

export const dayOf = (atMs: number, locale?: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(atMs);

/** At most two units: "4 min 10 s", "3 h 5 min", "2 d 3 h". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

const two = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
