const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** `2026-11-20 10:00:03Z`: seconds are enough for people, and the zone is always said. */
export const timeText = (instant: string): string =>
  `${new Date(instant).toISOString().slice(0, 19).replace("T", " ")}Z`;

/** `3 min ago`, `in 2 h`. */
export function ageText(instant: string, now: number): string {
  const seconds = Math.round((now - Date.parse(instant)) / 1000);
  const text = durationText(Math.abs(seconds));
  if (seconds === 0) return "now";
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** The largest unit alone: `3 d`, `17 min`. */
export function durationText(seconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}
