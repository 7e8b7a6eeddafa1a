import { secondsWords } from "./plan-words.ts";
import { Weekday, type Window } from "./window.ts";

// A window in one line, as people type it: `download sat,sun 02:00 4h Europe/Berlin`.

/** How a line is to be typed, for whoever is told that theirs is not. */
export const WINDOW_SHAPE =
  "STEPS DAYS HH:MM LENGTH ZONE, such as: download sat,sun 02:00 4h Europe/Berlin";

const UNIT_MINUTES: Readonly<Record<string, number>> = { m: 1, min: 1, h: 60, d: 1_440 };
const EVERY_DAY = "daily";
const ATTRIBUTE = "attribute:";

/** What a line says, for the schema to judge; undefined when it has not the shape of one. */
export function windowFromText(text: string): unknown {
  const [steps, days, at, length, ...rest] = text.trim().split(/\s+/u);
  // Names of attributes may have blanks.
  const zone = rest.join(" ");
  const [, digits, unit = ""] = /^(\d{1,5})(m|min|h|d)$/.exec(length ?? "") ?? [];
  if (steps === undefined || days === undefined || zone === "" || digits === undefined)
    return undefined;
  return {
    for: steps.split(","),
    ...(days === EVERY_DAY ? {} : { days: daysOf(days) }),
    at,
    durationMinutes: Number(digits) * (UNIT_MINUTES[unit] ?? 1),
    zone: zone.startsWith(ATTRIBUTE) ? { attribute: zone.slice(ATTRIBUTE.length) } : zone,
  };
}

/** `mon-fri,sun`: a range may go over the end of the week. */
const daysOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(",")
    .flatMap((part) => {
      const [first = "", last = first] = part.split("-");
      const from = Weekday.options.indexOf(first as Weekday);
      const to = Weekday.options.indexOf(last as Weekday);
      if (from === -1 || to === -1) return [part];
      const count = ((to - from + 7) % 7) + 1;
      return Array.from({ length: count }, (_, index) => Weekday.options[(from + index) % 7] ?? "");
    });

/** The line that says this window. */
export function textOfWindow({ for: steps, days, at, durationMinutes, zone }: Window): string {
  return [
    steps.join(","),
    days?.join(",") ?? EVERY_DAY,
    at,
    secondsWords(durationMinutes * 60).replace(" ", ""),
    typeof zone === "string" ? zone : `${ATTRIBUTE}${zone.attribute}`,
  ].join(" ");
}
