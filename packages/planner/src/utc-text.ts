/** An instant of the wire for people: `2026-12-01 08:00 UTC`, with seconds where it has some. */
export function utcText(instant: string): string {
  const isWholeMinute = instant.slice(17, 19) === "00";
  return `${instant.slice(0, 10)} ${instant.slice(11, isWholeMinute ? 16 : 19)} UTC`;
}
