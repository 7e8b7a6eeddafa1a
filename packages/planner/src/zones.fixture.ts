import { DAY_MS, HOUR_MS, MINUTE_MS, instant, type InstantMs } from "@moult/base";
import type { Zone } from "./windows.ts";

/** What clocks on the wall show, read off one minute after the other: the slow way that the planner's is held to. */
interface WallMinute {
  readonly at: InstantMs;
  /** `2026-03-29`. */
  readonly date: string;
  readonly weekday: string;
  readonly minuteOfDay: number;
}

function wallOf(timeZone: string): (at: number) => WallMinute {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
    return {
      at: instant(at),
      date: `${part("year")}-${part("month")}-${part("day")}`,
      weekday: part("weekday").toLowerCase(),
      minuteOfDay: Number(part("hour")) * 60 + Number(part("minute")),
    };
  };
}

/** The clocks of a zone, by what they show. */
export function zoneByWall(timeZone: string): Zone {
  const wall = wallOf(timeZone);
  return (at) => {
    const { date, minuteOfDay } = wall(at);
    const shown = Date.parse(`${date}T00:00:00Z`) + minuteOfDay * MINUTE_MS;
    return shown - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  };
}

export interface ClockChange {
  readonly zone: string;
  /** Minutes by which the clocks are put on. */
  readonly byMinutes: number;
  readonly at: InstantMs;
  /** Some days of minutes around it. */
  readonly minutes: readonly WallMinute[];
}

const DAYS_AROUND = 3;

/** When a zone's clocks are changed first after an instant. */
export function clockChange(zone: string, after: string): ClockChange {
  const clocks = zoneByWall(zone);
  let at = Date.parse(after);
  const before = clocks(instant(at));
  while (clocks(instant(at)) === before) at += HOUR_MS;
  while (clocks(instant(at - MINUTE_MS)) !== before) at -= MINUTE_MS;
  const wall = wallOf(zone);
  const from = at - DAYS_AROUND * DAY_MS;
  return {
    zone,
    byMinutes: (clocks(instant(at)) - before) / MINUTE_MS,
    at: instant(at),
    minutes: Array.from({ length: (2 * DAYS_AROUND * DAY_MS) / MINUTE_MS }, (_, minute) =>
      wall(from + minute * MINUTE_MS),
    ),
  };
}
