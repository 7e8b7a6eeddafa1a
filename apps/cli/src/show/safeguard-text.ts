import type { Safeguard } from "@moult/model";
import type { Column } from "../terminal/table-text.ts";
import { factsText } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const SAFEGUARD_COLUMNS: readonly Column<Safeguard>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ liftedAt }) => (liftedAt === null ? "holds" : "lifted") },
  { title: "DEVICES", text: ({ query }) => query },
  { title: "NOTE", text: ({ note }) => note },
  { title: "BY", text: ({ createdBy }) => createdBy },
  { title: "SINCE", text: ({ createdAt }) => timeText(createdAt) },
];

export const safeguardText = (safeguard: Safeguard): string =>
  factsText([
    ["Safeguard", safeguard.id],
    ["Release", safeguard.releaseId],
    ["Devices", safeguard.query],
    ["Note", safeguard.note],
    ["Made", `by ${safeguard.createdBy}, ${timeText(safeguard.createdAt)}`],
    [
      "Lifted",
      safeguard.liftedAt === null
        ? undefined
        : `by ${safeguard.liftedBy ?? ""}, ${timeText(safeguard.liftedAt)}`,
    ],
  ]);
