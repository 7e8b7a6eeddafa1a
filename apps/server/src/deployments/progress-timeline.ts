import type { DeploymentProgress, Outcome } from "@moult/model";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@moult/base";
import { isoFrom } from "../platform/columns.ts";

/** As many points as a chart can show apart. */
const POINTS_MAX = 120;
/** Spans that people count in. */
const WIDTHS_MS = [
  SECOND_MS,
  5 * SECOND_MS,
  15 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
] as const;

/** The span of time between two points of a timeline from `from` to `to`. */
export function spanMs(from: number, to: number): number {
  const least = Math.ceil((to - from) / (POINTS_MAX - 1));
  // Beyond a few months, whole days.
  return WIDTHS_MS.find((width) => width >= least) ?? Math.ceil(least / DAY_MS) * DAY_MS;
}

type Point = Omit<DeploymentProgress["timeline"][number], "at">;

const LINE_OF: Readonly<Record<Outcome, keyof Point>> = {
  succeeded: "succeeded",
  "already-running": "succeeded",
  failed: "failed",
  "rolled-back": "rolledBack",
  rejected: "other",
  "timed-out": "other",
  silent: "other",
  aborted: "other",
};

/** How many had ended at each point; the first is the beginning, the last is `to`. */
export function timelineOf(
  ends: readonly { readonly span: number; readonly outcome: Outcome; readonly count: number }[],
  from: number,
  to: number,
): DeploymentProgress["timeline"] {
  const width = spanMs(from, to);
  const spans = Math.max(1, Math.ceil((to - from) / width));
  const point = { succeeded: 0, failed: 0, rolledBack: 0, other: 0 };
  const timeline = [{ at: isoFrom(from), ...point }];
  for (let span = 0; span < spans; span += 1) {
    for (const end of ends)
      // What a clock that was set back put before the beginning, or a report after the end, is not lost.
      if (Math.min(Math.max(end.span, 0), spans - 1) === span)
        point[LINE_OF[end.outcome]] += end.count;
    timeline.push({
      at: isoFrom(Math.min(from + (span + 1) * width, Math.max(from, to))),
      ...point,
    });
  }
  return timeline;
}
