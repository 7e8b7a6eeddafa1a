import type { Assignment } from "@moult/model";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";
import { causeText } from "./event-text.ts";

/** How far a device is, or how it ended. */
export function assignmentState({ state, outcome, progressPercent }: Assignment): string {
  if (outcome !== null) return outcome;
  return progressPercent === null ? state : `${state} ${progressPercent} %`;
}

export const ASSIGNMENT_COLUMNS: readonly Column<Assignment>[] = [
  { title: "DEVICE", text: ({ deviceName }) => deviceName },
  { title: "STATE", text: assignmentState },
  { title: "STAGE", text: ({ stage }) => String(stage + 1), isNumber: true },
  { title: "ATTEMPTS", text: ({ attempts }) => String(attempts.length), isNumber: true },
  { title: "CHANGED", text: ({ updatedAt }) => timeText(updatedAt) },
  { title: "CAUSE", text: ({ code, detail }) => causeText(code, detail).trim() },
];
