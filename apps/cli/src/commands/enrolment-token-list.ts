import type { EnrolmentToken } from "@moult/model";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<EnrolmentToken>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "LABEL", text: ({ label }) => label },
  { title: "ACCEPTS", text: ({ accepts }) => (accepts ? "at once" : "later") },
  { title: "USED", text: ({ uses, usesMax }) => `${uses} of ${usesMax}`, isNumber: true },
  { title: "EXPIRES", text: ({ expiresAt }) => timeText(expiresAt) },
];

export const enrolmentTokenList = command({
  options: {},
  example: "moult enrolment-token list",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listEnrolmentTokens", {}, { signal: context.signal });
    printList(context, reply, COLUMNS, "There are no enrolment tokens.");
  },
});
