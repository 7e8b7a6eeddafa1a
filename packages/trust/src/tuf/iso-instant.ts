import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, instant, type InstantMs } from "@moult/base";

const FORM =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?Z$/;
const EPOCH_DAY = daysBefore(1970, 1, 1);

/**
 * The instant of `YYYY-MM-DDTHH:MM:SSZ` (TUF), milliseconds allowed (Moult's own fields), or `undefined` for any other
 * text and for a day or hour that does not exist. `Date` would take `2030` and read it as a year.
 */
export function isoInstantMs(text: string): InstantMs | undefined {
  const [, ...digits] = FORM.exec(text) ?? [];
  const [year, month, day, hour, minute, second, millisecond] = digits.map((part) =>
    Number(part ?? 0),
  );
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month))
    return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const days = daysBefore(year, month, day) - EPOCH_DAY;
  return instant(
    days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + (millisecond ?? 0),
  );
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days of the Gregorian calendar before this one, counted from a fixed day. */
function daysBefore(year: number, month: number, day: number): number {
  const whole = year - 1;
  let days =
    whole * 365 + Math.floor(whole / 4) - Math.floor(whole / 100) + Math.floor(whole / 400);
  for (let earlier = 1; earlier < month; earlier += 1) days += daysIn(year, earlier);
  return days + day;
}
