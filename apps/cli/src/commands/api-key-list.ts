import type { ApiKey } from "@moult/api";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<ApiKey>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "ROLE", text: ({ role }) => role },
  { title: "BEGINS", text: ({ start }) => start },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
  {
    title: "EXPIRES",
    text: ({ expiresAt }) => (expiresAt === null ? "never" : timeText(expiresAt)),
  },
  {
    title: "USED",
    text: ({ lastUsedAt }) => (lastUsedAt === null ? "never" : timeText(lastUsedAt)),
  },
];

export const apiKeyList = command({
  options: {},
  example: "moult api-key list",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listApiKeys", {}, { signal: context.signal });
    printList(context, reply, COLUMNS, "You have no API keys.");
  },
});
