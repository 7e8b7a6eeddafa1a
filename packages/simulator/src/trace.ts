/** What happened in one run, line by line, for a person who looks for the reason of a broken invariant. */
export interface Trace {
  /** `text` is only made when somebody reads. */
  note(text: () => string): void;
  readonly lines: readonly string[];
}

/** Keeps everything, each line with its instant. */
export function createTrace(nowMs: () => number): Trace {
  const lines: string[] = [];
  return {
    lines,
    note: (text) => {
      const seconds = (nowMs() / 1_000).toFixed(3).padStart(10);
      lines.push(`${seconds}  ${text()}`);
    },
  };
}

/** Of the many runs that nobody reads. */
export const noTrace: Trace = { lines: [], note: () => undefined };
