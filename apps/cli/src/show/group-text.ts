import type { Group } from "@moult/model";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const GROUP_COLUMNS: readonly Column<Group>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "DEVICES", text: ({ deviceCount }) => String(deviceCount), isNumber: true },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
];

export const groupText = (group: Group): string =>
  factsText([
    ["Group", group.id],
    ["Name", group.name],
    ["Product", group.product],
    ["Devices", String(group.deviceCount)],
    ["Created", timeText(group.createdAt)],
  ]);
