import type { Preauthorisation } from "@moult/model";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { pairsText } from "../show/device-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<Preauthorisation>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "NAME", text: ({ name, identity }) => name ?? pairsText(identity ?? {}) },
  { title: "KEY", text: ({ keyFingerprint }) => keyFingerprint },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
  { title: "USED", text: ({ usedAt }) => (usedAt === null ? "not yet" : timeText(usedAt)) },
];

export const preauthorisationList = command({
  options: PAGING_OPTIONS,
  example: "moult preauthorisation list --all",
  run: async (context, { options }) => {
    const query = pagingQuery(options);
    const client = await connect(context);
    const pages = client.pages("listPreauthorisations", { query }, { signal: context.signal });
    await printPages(context, options, pages, COLUMNS, "No devices are preauthorised.");
  },
});
