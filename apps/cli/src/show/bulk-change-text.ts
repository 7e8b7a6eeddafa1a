import type { BulkChange } from "@moult/model";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const BULK_CHANGE_COLUMNS: readonly Column<BulkChange>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "ACTION", text: ({ action }) => action.kind },
  { title: "STATE", text: ({ state }) => state },
  { title: "DONE", text: ({ done, total }) => `${done} of ${total}`, isNumber: true },
  { title: "CHANGED", text: ({ changed }) => String(changed), isNumber: true },
  { title: "BY", text: ({ createdBy }) => createdBy },
  { title: "BEGUN", text: ({ createdAt }) => timeText(createdAt) },
];

export const bulkChangeText = (change: BulkChange): string =>
  factsText([
    ["Bulk change", change.id],
    ["Action", change.action.kind],
    ["State", change.state],
    ["Done", `${change.done} of ${change.total}`],
    ["Changed", String(change.changed)],
    ["So already", String(change.unchanged)],
    [
      "Not changed",
      change.refused.length === 0
        ? undefined
        : change.refused.map(({ sentence, count }) => `${count}: ${sentence}`).join("\n"),
    ],
    ["By", change.createdBy],
    ["Begun", timeText(change.createdAt)],
    ["Finished", change.finishedAt === null ? undefined : timeText(change.finishedAt)],
  ]);
