import type { Assignment } from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";
import { causeText } from "./event-text.ts";

/** How far a device is, or how it ended. */
export function assignmentState({ state, outcome, progressPercent, deferral }: Assignment): string {
  if (outcome !== null) return outcome;
  if (deferral !== null) return `${state}, waits`;
  return progressPercent === null ? state : `${state} ${progressPercent} %`;
}

/** Why it ended as it did, or why its device does not go on. */
export const assignmentCause = ({ code, detail, deferral }: Assignment): string =>
  deferral === null ? causeText(code, detail).trim() : plainText(deferral.sentence);

export const ASSIGNMENT_COLUMNS: readonly Column<Assignment>[] = [
  { title: "DEVICE", text: ({ deviceName }) => deviceName },
  { title: "STATE", text: assignmentState },
  { title: "STAGE", text: ({ stage }) => String(stage + 1), isNumber: true },
  { title: "ATTEMPTS", text: ({ attempts }) => String(attempts.length), isNumber: true },
  { title: "CHANGED", text: ({ updatedAt }) => timeText(updatedAt) },
  { title: "CAUSE", text: assignmentCause },
];
