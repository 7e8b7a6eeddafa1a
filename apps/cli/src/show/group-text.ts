import type { Group } from "@moult/model";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const deviceCount = ({ deviceCount: count, isCountExact }: Group): string =>
  isCountExact ? String(count) : `at least ${count}`;

export const GROUP_COLUMNS: readonly Column<Group>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "DEVICES", text: deviceCount, isNumber: true },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
  { title: "QUERY", text: ({ query }) => query ?? "" },
];

export const groupText = (group: Group): string =>
  factsText([
    ["Group", group.id],
    ["Name", group.name],
    ["Product", group.product],
    ["Query", group.query ?? "none: devices are put into it"],
    ["Devices", deviceCount(group)],
    ["Created", timeText(group.createdAt)],
  ]);
