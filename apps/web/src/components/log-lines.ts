/** The parts of a log that are read: from the end, more of it as it is asked for. */
export interface LogView {
  readonly lines: readonly { readonly number: number; readonly text: string }[];
  /** Lines before the first one shown, of those that fit. */
  readonly earlier: number;
  readonly total: number;
  readonly fitting: number;
}

export const LOG_PAGE = 500;

export function linesOf(log: string): readonly string[] {
  const lines = log.replaceAll("\r\n", "\n").split("\n");
  // A log ends with a line break; that is no line of its own.
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

export function logView(lines: readonly string[], shown: number, part: string): LogView {
  const wanted = part.toLowerCase();
  const fitting = lines
    .map((text, index) => ({ number: index + 1, text }))
    .filter(({ text }) => wanted === "" || text.toLowerCase().includes(wanted));
  const from = Math.max(0, fitting.length - shown);
  return {
    lines: fitting.slice(from),
    earlier: from,
    total: lines.length,
    fitting: fitting.length,
  };
}
