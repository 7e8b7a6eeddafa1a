import type { Reply } from "@moult/client";
import { counted, exactCount } from "../format/number.ts";
import type { Tone } from "../ui/tone.ts";

export type TimelinePoint = Reply<"showDeploymentProgress">["timeline"][number];

export interface Series {
  readonly key: "succeeded" | "other" | "rolledBack" | "failed";
  readonly word: string;
  readonly tone: Tone;
}

/** From the ground up, as in every bar. */
const SERIES: readonly Series[] = [
  { key: "succeeded", word: "succeeded", tone: "good" },
  { key: "other", word: "ended otherwise", tone: "wait" },
  { key: "rolledBack", word: "rolled back", tone: "warn" },
  { key: "failed", word: "failed", tone: "bad" },
];

export const endedOf = (point: TimelinePoint): number =>
  SERIES.reduce((sum, { key }) => sum + point[key], 0);

/** The series that have anything at all: none is drawn for nothing. */
export const seriesIn = (timeline: readonly TimelinePoint[]): readonly Series[] =>
  SERIES.filter(({ key }) => timeline.some((point) => point[key] > 0));

type Stage = Reply<"showDeploymentProgress">["stages"][number];

/** How many devices the stages have that were opened so far. */
export const openedIn = (stages: readonly Stage[]): number =>
  stages
    .filter(({ state }) => state !== "next" && state !== "skipped")
    .reduce((sum, { deviceCount, admitted }) => sum + Math.max(deviceCount, admitted), 0);

/** Fewer than this share of a chart's height are a line on its ground. */
const FLAT_SHARE = 1 / 8;

/** Where a chart ends: at the devices of the stages so far, or nearer while few of those are done. */
export function topOf(
  timeline: readonly TimelinePoint[],
  { opened, total }: { readonly opened: number; readonly total: number },
): number {
  const ended = Math.max(0, ...timeline.map(endedOf));
  const goal = Math.min(opened, total);
  return Math.max(1, ended, ended < goal * FLAT_SHARE ? 0 : goal);
}

/** What the chart shows, in a sentence. */
export function timelineSentence(timeline: readonly TimelinePoint[], total: number): string {
  const last = timeline.at(-1);
  if (last === undefined || endedOf(last) === 0) return "No device is done yet.";
  const parts = seriesIn(timeline).map(({ key, word }) => `${exactCount(last[key])} ${word}`);
  return `Of ${counted(total, "device")}, ${joined(parts)}.`;
}

function joined(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join("")
    : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1) ?? ""}`;
}
