import { MINUTE_MS } from "@moult/base";

/** An instant of the wire for people: `2026-12-01 08:00 UTC`; one that is within a minute is said as the next. */
export function utcMinute(instant: string): string {
  const ms = Math.ceil(Date.parse(instant) / MINUTE_MS) * MINUTE_MS;
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
