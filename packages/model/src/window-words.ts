import { secondsWords } from "./plan-words.ts";
import { Weekday, type Window } from "./window.ts";

const DAY_WORDS: Readonly<Record<Weekday, string>> = {
  mon: "Mon",
  tue: "Tue",
  wed: "Wed",
  thu: "Thu",
  fri: "Fri",
  sat: "Sat",
  sun: "Sun",
};

/** What begins when: `download: every day from 02:00 ...`. */
export const windowLine = (window: Window): string =>
  `${window.for.join(", ")}: ${windowWords(window)}`;

/** When a window is open: `Sat, Sun from 02:00 for 4 h, by the clocks of Europe/Berlin`. */
function windowWords({ days, at, durationMinutes, zone }: Window): string {
  const named = Weekday.options.filter((day) => days?.includes(day) ?? true);
  const when = named.length === 7 ? "every day" : named.map((day) => DAY_WORDS[day]).join(", ");
  const whose =
    zone === "device"
      ? "each device's own clocks"
      : typeof zone === "string"
        ? `the clocks of ${zone}`
        : `the clocks of each device's ${zone.attribute}`;
  return `${when} from ${at} for ${secondsWords(durationMinutes * 60)}, by ${whose}`;
}
